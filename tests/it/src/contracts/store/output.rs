//! Documents and bytes, by their hash and their owner.

use std::sync::Arc;

use domain::execution::Output;
use engine::ports::{Store, StoreError, Write};
use serde_json::json;

use super::{owner, run_of, write};

pub(super) async fn documents_of_any_size_come_back(store: Arc<dyn Store>) {
    let owner = owner();
    let noise = |n: usize| {
        (0..n)
            .map(|i| format!("{:x}", i.wrapping_mul(2_654_435_761) % 4_294_967_291))
            .collect::<String>()
    };
    for size in [10, 5_000, 300_000] {
        let document = json!({ "text": noise(size) });
        let output = store
            .put_output(&owner, &document, "preview")
            .await
            .unwrap();
        assert_eq!(output.inline.is_some(), size == 10);
        assert_eq!(
            store.output(&owner, &output).await.unwrap(),
            Some(document),
            "{size}"
        );
    }
    let sha256 = store.put_bytes(&owner, b"\x89PNG").await.unwrap();
    assert_eq!(
        store.bytes(&owner, &sha256).await.unwrap().as_deref(),
        Some(b"\x89PNG".as_slice())
    );
}

pub(super) async fn a_document_that_is_gone_is_none_and_what_refers_to_it_damaged(
    store: Arc<dyn Store>,
) {
    let owner = owner();
    let run = run_of(&owner);
    let gone = Output {
        sha256: "a".repeat(64),
        bytes: 9_000,
        inline: None,
        preview: String::new(),
    };
    assert_eq!(store.output(&owner, &gone).await.unwrap(), None);
    assert_eq!(store.bytes(&owner, &gone.sha256).await.unwrap(), None);
    let put = Write::PutConclusion {
        owner: owner.clone(),
        execution: run.id.clone(),
        stored: gone,
    };
    write(&store, vec![put]).await.unwrap();
    assert!(matches!(
        store.conclusion(&owner, &run.id).await,
        Err(StoreError::Damaged { .. })
    ));
}
