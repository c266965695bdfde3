//! What was told, to whom, and what was kept back.

use domain::delivery::DeliveryStatus;
use domain::fault::Code;

use super::{Operation, operation};
use crate::openapi::schemas::words;

const SIGNALS: &str = "Signals";
const DELIVERIES: &str = "Deliveries";

pub(super) fn all() -> Vec<Operation> {
    vec![
        operation(
            "get",
            "/v1/workflows/{id}/signals",
            SIGNALS,
            "listSignals",
            "What a workflow's runs had to say, newest first",
        )
        .says("Every judged run that found anything leaves one, also when nothing was sent: then `reason` says why.")
        .list()
        .answers(200, "A page of signals, without their items.", "SignalList"),
        operation("get", "/v1/signals/{id}", SIGNALS, "getSignal", "One signal, with its items")
            .revision()
            .answers(200, "The signal.", "Signal"),
        operation(
            "post",
            "/v1/signals/{id}/promote",
            SIGNALS,
            "promoteSignal",
            "Send what was kept back",
        )
        .revision()
        .optional_body("Nothing")
        .answers(200, "The signal as it is now.", "Signal")
        .refuses(&[Code::InvalidTransition]),
        operation(
            "get",
            "/v1/deliveries",
            DELIVERIES,
            "listDeliveries",
            "Your notices and every attempt at them, newest first",
        )
        .list()
        .query(
            "status",
            &words(DeliveryStatus::ALL.iter().map(|word| word.as_str())),
            "Only those of this status.",
        )
        .answers(200, "A page of deliveries.", "DeliveryList"),
        operation(
            "post",
            "/v1/deliveries/{id}/redeliver",
            DELIVERIES,
            "redeliver",
            "Send an ended delivery again",
        )
        .says("Under the same `webhook-id` and with the same body, so that a receiver knows it.")
        .optional_body("Nothing")
        .answers(200, "The delivery as it is now.", "Delivery")
        .refuses(&[Code::InvalidTransition]),
        operation(
            "post",
            "/v1/destinations/{id}/test",
            DELIVERIES,
            "testDestination",
            "Send a destination a notice that tells of nothing",
        )
        .says("Its type is `destination.test`; it is sent to a disabled destination too.")
        .optional_body("Nothing")
        .answers(200, "The destination, and the delivery that is on its way.", "DestinationTested"),
        operation(
            "post",
            "/v1/destinations/{id}/enable",
            DELIVERIES,
            "enableDestination",
            "Let a disabled destination be told again",
        )
        .optional_body("Nothing")
        .answers(200, "The destination.", "DestinationOfWorkflow"),
    ]
}
