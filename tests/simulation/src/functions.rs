//! The real functions, wired as their `start.rs` wires them, and the glue between them and their queue.

use std::sync::Arc;
use std::time::Duration;

use domain::egress::EgressRule;
use engine::Engine;
use engine::consuming::{Consumer, Delivery, Disposition};
use engine::ports::Message;
use engine::sealing::Sealing;
use nightdesk_condition_evaluator::ConditionEvaluator;
use nightdesk_execution_starter::ExecutionStarter;
use nightdesk_notifier::{Links, Notifier};
use nightdesk_step_executor::{Ports, StepExecutor};

use crate::bug::{Bug, Scanner};
use crate::fault::Operation;
use crate::ground::Ground;
use crate::outside::RECIPIENTS_A_DAY;
use crate::ports::Harbour;
use crate::queue::{Letter, QueueName};

/// The real function behind a queue, as `start.rs` wires it.
pub(crate) fn consumer(
    lane: QueueName,
    engine: &Engine,
    harbour: &Arc<Harbour>,
) -> Arc<dyn Consumer> {
    let engine = engine.clone();
    match lane {
        QueueName::Step | QueueName::Crawl => {
            let ports = Ports {
                search: harbour.clone(),
                crawler: harbour.clone(),
                model: harbour.clone(),
                images: harbour.clone(),
                mailer: harbour.clone(),
                allowances: harbour.clone(),
                recipients_a_day: RECIPIENTS_A_DAY,
                webhooks: harbour.clone(),
                sealing: sealing(harbour),
                visits: harbour.clone(),
                slots: harbour.clone(),
            };
            Arc::new(StepExecutor::new(engine, ports, EgressRule::public_only()))
        }
        QueueName::Judge => Arc::new(ConditionEvaluator {
            engine,
            schedules: harbour.clone(),
        }),
        QueueName::Start => Arc::new(ExecutionStarter {
            engine,
            schedules: harbour.clone(),
        }),
        QueueName::Notice => {
            let links = Links::new(
                harbour.clone(),
                "links".to_owned(),
                "https://nightdesk.example",
            );
            let notifier = Notifier::new(
                engine.clone(),
                harbour.clone(),
                harbour.clone(),
                links,
                sealing(harbour),
            );
            if harbour.ground.has(Bug::NotifierDecides) {
                return Arc::new(Scanner { notifier, engine });
            }
            Arc::new(notifier)
        }
    }
}

/// One invocation of a function with a batch, as the glue to Lambda and the poller of the queue have it.
pub(crate) async fn invocation(
    ground: Arc<Ground>,
    consumer: Arc<dyn Consumer>,
    letters: Vec<Letter>,
    worker: String,
    remaining: Duration,
) {
    for letter in letters {
        // What cannot be read stays: newer code may know it.
        let Ok(message) = Message::decode(&letter.body) else {
            continue;
        };
        let delivery = Delivery {
            message,
            worker: worker.clone(),
            receive_count: letter.receives,
            remaining,
        };
        let faults = ground.state().counted.all_faults();
        let disposition = consumer.handle(delivery).await;
        // A message is given back because its step is held elsewhere, or because something failed meanwhile.
        let has_failed = ground.state().counted.all_faults() > faults;
        let removed = match disposition {
            Disposition::Done => true,
            Disposition::NotBefore(_) if has_failed => ground.has(Bug::FailedAcknowledged),
            Disposition::NotBefore(_) => ground.has(Bug::HeldAcknowledged),
            Disposition::Failed => ground.has(Bug::FailedAcknowledged),
        };
        let lane = letter.lane.name();
        if removed {
            let delete = || {
                ground.state().queue.delete(letter.id);
                Ok(())
            };
            // A removal that fails is a redelivery.
            let _removed: Result<(), ()> =
                ground.pass(Operation::Delete(lane), delete, |_| ()).await;
        } else if let Disposition::NotBefore(until) = disposition {
            let wait = until.duration_since(ground.now_as_seen()).as_millis();
            let wait_ms = u64::try_from(wait).unwrap_or_default() + 1_000;
            let hide = || {
                let until_ms = ground.now_ms() + wait_ms;
                ground.state().queue.hide(letter.id, until_ms);
                Ok(())
            };
            let _hidden: Result<(), ()> = ground.pass(Operation::Hide(lane), hide, |_| ()).await;
        }
    }
}

/// What opens the secrets of webhooks.
fn sealing(harbour: &Arc<Harbour>) -> Sealing {
    Sealing::new(harbour.clone(), "sealing".to_owned())
}
