//! Approvals, and the links that open them.

use std::sync::Arc;

use domain::approval::asking::Asking;
use domain::approval::code::MailedCode;
use domain::approval::{Approval, ApprovalStatus};
use domain::execution::Output;
use domain::ids::{ApprovalId, ExecutionId, OwnerId, WorkflowId};
use engine::page::Slice;
use engine::ports::store::Link;
use engine::ports::{CommitError, Store, Write};
use serde_json::json;

use super::{all, commit, fresh, now, owner, write};

/// An approval that nobody has been asked for yet.
pub(super) fn approval(owner: &OwnerId) -> Approval {
    Approval {
        id: ApprovalId::from_uuid(fresh()),
        owner: owner.clone(),
        execution: ExecutionId::from_uuid(fresh()),
        workflow: WorkflowId::from_uuid(fresh()),
        workflow_name: "w".into(),
        step: "post".into(),
        generation: 1,
        status: ApprovalStatus::Pending,
        draft: Output {
            sha256: "a".repeat(64),
            bytes: 2,
            inline: Some(json!({})),
            preview: "p".into(),
        },
        original: None,
        sha256: "a".repeat(64),
        required: 1,
        max_revisions: 3,
        approvers: vec![],
        strict: false,
        decisions: vec![],
        sources: vec![],
        deadline: now(),
        created_at: now(),
        revision: 0,
        asking: Asking::of(&["a@x.test".into()], now()),
    }
}

pub(super) async fn approvals_are_listed_by_status(store: Arc<dyn Store>) {
    let owner = owner();
    let open = approval(&owner);
    store
        .commit(&commit(vec![Write::PutApproval {
            approval: open.clone(),
        }]))
        .await
        .unwrap();
    let pending = store
        .approvals(&owner, None, Some(ApprovalStatus::Pending), &all())
        .await
        .unwrap();
    assert_eq!(pending.items, std::slice::from_ref(&open));
    let closed = open.close(ApprovalStatus::Superseded);
    store
        .commit(&commit(vec![Write::PutApproval {
            approval: closed.clone(),
        }]))
        .await
        .unwrap();
    assert_eq!(
        store
            .commit(&commit(vec![Write::PutApproval { approval: closed }]))
            .await,
        Err(CommitError::Conflict)
    );
    let pending = store
        .approvals(&owner, None, Some(ApprovalStatus::Pending), &all())
        .await
        .unwrap();
    assert_eq!(pending.total, 0);
}

pub(super) async fn approvals_come_in_pages_by_workflow_and_status(store: Arc<dyn Store>) {
    let (owner, workflow) = (owner(), WorkflowId::from_uuid(fresh()));
    let mut made: Vec<Approval> = (0..6).map(|_| approval(&owner)).collect();
    made.sort_by(|a, b| b.id.cmp(&a.id));
    for (n, approval) in made.iter_mut().enumerate() {
        if n != 2 {
            approval.workflow = workflow.clone();
        }
        let put = Write::PutApproval {
            approval: approval.clone(),
        };
        write(&store, vec![put]).await.unwrap();
    }
    for n in [0, 4] {
        let put_off = Approval {
            revision: 1,
            asking: Asking::of(&[], now()),
            ..made[n].clone()
        };
        made[n] = put_off.close(ApprovalStatus::Expired);
        for approval in [put_off, made[n].clone()] {
            write(&store, vec![Write::PutApproval { approval }])
                .await
                .unwrap();
        }
    }
    let pending = Some(ApprovalStatus::Pending);
    for (of, status, expected) in [
        (None, None, vec![0, 1, 2, 3, 4, 5]),
        (None, pending, vec![1, 2, 3, 5]),
        (Some(&workflow), None, vec![0, 1, 3, 4, 5]),
        (Some(&workflow), pending, vec![1, 3, 5]),
        (Some(&workflow), Some(ApprovalStatus::Expired), vec![0, 4]),
    ] {
        let expected: Vec<_> = expected
            .into_iter()
            .map(|n: usize| made[n].clone())
            .collect();
        let mut next = Some(Slice::first(2));
        let mut seen = Vec::new();
        while let Some(slice) = next {
            let page = store.approvals(&owner, of, status, &slice).await.unwrap();
            assert_eq!(page.total, expected.len(), "{of:?} {status:?}");
            next = slice.next(&page);
            seen.extend(page.items);
        }
        assert_eq!(seen, expected, "{of:?} {status:?}");
        let behind = Slice::at(1, 100);
        let rest = store.approvals(&owner, of, status, &behind).await.unwrap();
        assert_eq!(rest.items, expected[1..], "{of:?} {status:?}");
    }
}

pub(super) async fn a_link_opens_what_it_was_made_for_and_a_code_is_its_persons(
    store: Arc<dyn Store>,
) {
    let owner = owner();
    let link = Link {
        owner: owner.clone(),
        approval: ApprovalId::from_uuid(fresh()),
        approver: "Ann@x.test".into(),
    };
    let token_sha256 = domain::digest::of_bytes(owner.as_str().as_bytes());
    assert_eq!(store.link(&token_sha256).await.unwrap(), None);
    let (id, ann) = (link.approval.clone(), link.approver.clone());
    let proof = MailedCode::of_digest(&[7; 32]).proof(&id, &ann);
    let put = vec![
        Write::PutLink {
            token_sha256: token_sha256.clone(),
            link: link.clone(),
        },
        Write::PutCode {
            owner: owner.clone(),
            approval: id.clone(),
            approver: ann,
            proof: proof.clone(),
        },
    ];
    for _ in 0..2 {
        write(&store, put.clone()).await.unwrap();
        assert_eq!(store.link(&token_sha256).await.unwrap(), Some(link.clone()));
    }
    for (approver, expected) in [("ann@X.test", Some(proof)), ("bob@x.test", None)] {
        assert_eq!(store.code_proof(&owner, &id, approver).await, Ok(expected));
    }
}
