//! The pages of `docs/reference` are what they are made from.

use workspace_tests::reference::{kept, pages, root};

#[tokio::test]
async fn the_reference_pages_are_as_their_sources_are() {
    for (path, text) in pages(&kept().unwrap()).await.unwrap() {
        let there = std::fs::read_to_string(root().join(&path)).unwrap();
        let line = there.lines().zip(text.lines()).find(|(there, made)| there != made);
        assert!(there == text, "{path} is stale: `cargo xtask reference` writes it; first at {line:?}");
    }
}
