//! What is kept as long as its workflow, and how it is let go.
//!
//! Drafts and the present baseline stand in the workflow's partition, by kind and hash; those that are too large for
//! the table in the blob store under `kept/`, which has no lifecycle, with a mark in the partition that says so. So
//! everything that has no end of its own is found through its workflow.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::approval::ApprovalStatus;
use domain::execution::{Execution, Output};
use domain::ids::{ApprovalId, ExecutionId, OwnerId, WorkflowId};
use engine::page::Slice;
use engine::ports::StoreError;
use engine::ports::store::Keepsake;
use engine::removal::Belongings;
use engine::retention::Retention;
use jiff::SignedDuration;
use serde_json::Value;

use super::DynamoStore;
use super::item::{self, Attributes, EXPIRES_AT, Item, SHOWN_UNTIL};
use super::keys::{self, Key};
use super::outputs::{DEFLATED, Place};
use super::read::{failed, if_it_holds};

/// The mark of a document that is in the blob store.
const BLOB: &str = "blob";
/// When a document was stored, in milliseconds.
const STORED_AT: &str = "stored_at";
/// How long a baseline is left alone after it was stored: whoever stores one commits it in the same invocation, and no
/// invocation is longer (Lambda Developer Guide, "Quotas": function timeout).
const LONGEST_INVOCATION: SignedDuration = SignedDuration::from_mins(15);

impl DynamoStore {
    pub(super) async fn keep(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        kind: Keepsake,
        document: &Value,
        preview: &str,
    ) -> Result<Output, StoreError> {
        let (output, bytes) = Self::reference(document, preview);
        let Some(bytes) = bytes else {
            return Ok(output);
        };
        let key = keys::kept(owner, workflow, kind.as_str(), &output.sha256);
        let item = Item::new(&key).number(STORED_AT, self.now().as_millisecond());
        let item = if Self::fits(&bytes) {
            item.bytes(DEFLATED, bytes)
        } else {
            let place = Place::Kept(owner, workflow);
            self.blobs.put(place, &output.sha256, bytes).await?;
            item.text(BLOB, "kept")
        };
        self.put_item(item.attributes).await?;
        Ok(output)
    }

    pub(super) async fn load_kept(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        kind: Keepsake,
        output: &Output,
    ) -> Result<Option<Value>, StoreError> {
        if let Some(document) = &output.inline {
            return Ok(Some(document.clone()));
        }
        let key = keys::kept(owner, workflow, kind.as_str(), &output.sha256);
        let bytes = match self.get(&key).await? {
            // What the workflow has let go is where outputs are.
            None => return self.load_output(owner, output).await,
            Some(stored) if stored.contains_key(BLOB) => {
                let place = Place::Kept(owner, workflow);
                self.blobs.get(place, &output.sha256).await?
            }
            Some(stored) => stored
                .get(DEFLATED)
                .and_then(|value| value.as_b().ok())
                .map(|bytes| bytes.as_ref().to_vec()),
        };
        Self::opened(&key, output, bytes)
    }

    /// Another judge may have committed a newer baseline meanwhile, or be about to: the present one is read after the
    /// list, and what was stored just now stays.
    pub(super) async fn forget_former_baselines(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
    ) -> Result<(), StoreError> {
        let prefix = keys::kept(owner, workflow, Keepsake::Baseline.as_str(), "");
        let all = self.partition(&prefix.pk, &prefix.sk, false, None).await?;
        let present: Option<Output> = self.document(&keys::baseline(owner, workflow)).await?;
        let is_present = |sha256: &str| (present.as_ref()).is_some_and(|it| it.sha256 == sha256);
        let before = (self.now() - LONGEST_INVOCATION).as_millisecond();
        let is_old = |stored: &Attributes| {
            item::number(stored, STORED_AT).is_none_or(|stored_at| stored_at < before)
        };
        for stored in all.iter().filter(|stored| is_old(stored)) {
            let Some(sha256) = sha256_of(stored).filter(|sha256| !is_present(sha256)) else {
                continue;
            };
            if stored.contains_key(BLOB) {
                let place = Place::Kept(owner, workflow);
                self.blobs.delete(place, sha256).await?;
            }
            self.delete_item(item::primary(&item::key_of(stored)))
                .await?;
        }
        Ok(())
    }

    pub(super) async fn let_go(
        &self,
        owner: &OwnerId,
        run: &ExecutionId,
    ) -> Result<(), StoreError> {
        let conclusion = keys::conclusion(owner, run);
        if self.read_conclusion(owner, run).await?.is_none() {
            self.delete_item(item::primary(&conclusion)).await?;
        }
        for key in [keys::execution(owner, run), conclusion] {
            self.end(item::primary(&key), false).await?;
        }
        Ok(())
    }

    /// What a run came to. A run that is kept for its workflow's baseline may outlive a large one.
    pub(super) async fn read_conclusion(
        &self,
        owner: &OwnerId,
        run: &ExecutionId,
    ) -> Result<Option<Value>, StoreError> {
        let key = keys::conclusion(owner, run);
        let Some(stored) = self.get(&key).await? else {
            return Ok(None);
        };
        let reference: Output = item::read(&stored)?;
        match self.load_output(owner, &reference).await? {
            None if stored.contains_key(EXPIRES_AT) => Err(StoreError::Damaged {
                key: key.pk,
                reason: "what it refers to is gone".to_owned(),
            }),
            document => Ok(document),
        }
    }

    pub(super) async fn let_all_go(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
    ) -> Result<(), StoreError> {
        if let Some(baseline) = self.read_baseline(owner, workflow).await? {
            self.let_go(owner, &baseline.execution_id).await?;
        }
        let mut next = Some(Slice::first(100));
        while let Some(slice) = next {
            let approved = Some(ApprovalStatus::Approved);
            let page = self
                .read_approvals(owner, Some(workflow), approved, &slice)
                .await?;
            for approval in &page.items {
                self.let_approval_go(owner, &approval.id).await?;
            }
            next = slice.next(&page);
        }
        let pk = keys::workflow(owner, workflow).pk;
        for stored in self.partition(&pk, "", false, None).await? {
            let sk = item::text(&stored, "sk").unwrap_or_default();
            if sk == keys::WORKFLOW || stored.contains_key(EXPIRES_AT) {
                continue;
            }
            if stored.contains_key(BLOB)
                && let Some(sha256) = sha256_of(&stored)
            {
                self.move_to_outputs(owner, workflow, sha256).await?;
                self.delete_item(item::primary(&item::key_of(&stored)))
                    .await?;
            } else {
                self.end(item::primary(&item::key_of(&stored)), false)
                    .await?;
            }
        }
        Ok(())
    }

    async fn let_approval_go(&self, owner: &OwnerId, id: &ApprovalId) -> Result<(), StoreError> {
        let item = keys::approval(owner, id);
        self.end(item::primary(&item), false).await?;
        let row = keys::approval_row(owner, id);
        self.end(item::primary(&row), true).await
    }

    /// To where a lifecycle removes it.
    async fn move_to_outputs(
        &self,
        owner: &OwnerId,
        workflow: &WorkflowId,
        sha256: &str,
    ) -> Result<(), StoreError> {
        let place = Place::Kept(owner, workflow);
        if let Some(bytes) = self.blobs.get(place, sha256).await? {
            self.blobs.put(Place::Runs(owner), sha256, bytes).await?;
        }
        self.blobs.delete(place, sha256).await
    }

    pub(super) async fn remove_what_belongs(
        &self,
        run: &Execution,
        belongings: &Belongings,
    ) -> Result<(), StoreError> {
        let (owner, id) = (&run.owner, &run.id);
        for approval in &belongings.approvals {
            for key in [
                keys::approval_row(owner, approval),
                keys::approval(owner, approval),
            ] {
                self.delete_item(item::primary(&key)).await?;
            }
        }
        let conclusion = keys::conclusion(owner, id);
        let concluded: Option<Output> = self.document(&conclusion).await?;
        let aggregate = keys::execution(owner, id).pk;
        let reruns = self
            .partition(&aggregate, keys::RERUN, false, Some(1))
            .await?;
        if reruns.is_empty() {
            for output in belongings.outputs.values().chain(&concluded) {
                self.remove_output(owner, output).await?;
            }
        }
        self.delete_item(item::primary(&conclusion)).await
    }

    pub(super) async fn remove_log(
        &self,
        owner: &OwnerId,
        run: &ExecutionId,
    ) -> Result<(), StoreError> {
        let pk = keys::execution(owner, run).pk;
        let log = self.partition(&pk, keys::EVENT, false, None).await?;
        let keys: Vec<Key> = log.iter().map(item::key_of).collect();
        self.delete_items(&keys).await
    }

    /// Has an item end as if what it is about had ended now, when it is there and has no end.
    async fn end(&self, key: Attributes, is_row: bool) -> Result<(), StoreError> {
        let shown = self.retention.after(self.now());
        let removed = if is_row {
            Retention::of_row(shown)
        } else {
            shown
        };
        let number = |at: jiff::Timestamp| AttributeValue::N(at.as_second().to_string());
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .condition_expression("attribute_exists(pk) AND attribute_not_exists(#expires)")
            .expression_attribute_names("#expires", EXPIRES_AT)
            .expression_attribute_values(":expires", number(removed));
        let mut expression = "SET #expires = :expires".to_owned();
        if is_row {
            expression.push_str(", #shown = :shown");
            update = update
                .expression_attribute_names("#shown", SHOWN_UNTIL)
                .expression_attribute_values(":shown", number(shown));
        }
        if_it_holds(update.update_expression(expression).send().await)?;
        Ok(())
    }

    pub(super) async fn put_item(&self, attributes: Attributes) -> Result<(), StoreError> {
        let request = self.client.put_item().table_name(&self.table);
        let put = request.set_item(Some(attributes)).send().await;
        put.map(|_| ()).map_err(|error| failed(&error))
    }

    pub(super) async fn delete_item(&self, key: Attributes) -> Result<(), StoreError> {
        let request = self.client.delete_item().table_name(&self.table);
        let deleted = request.set_key(Some(key)).send().await;
        deleted.map(|_| ()).map_err(|error| failed(&error))
    }
}

/// The hash at the end of a kept document's sort key.
fn sha256_of(stored: &Attributes) -> Option<&str> {
    item::text(stored, "sk")?.rsplit('#').next()
}
