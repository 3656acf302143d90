//! What every store keeps: entries, their time, their bounds, and nothing that was forged.

use std::sync::Arc;

use llm_cache::{Answer, CacheKey, Entry, Eviction, HOUR, Loaded, MemoryStore, Store};

use crate::support::{answer, ms};

fn key(number: u8) -> CacheKey {
    CacheKey::from_bytes([number; 32])
}

fn entry(text: &str, created: u64) -> Arc<Entry> {
    Arc::new(Entry::new(Answer::Chat(Box::new(answer(text))), created, HOUR, ms(10)))
}

const HOUR_MS: u64 = 3_600_000;

/// What is true of every store.
pub(crate) async fn keeps_its_promises(store: &dyn Store) {
    let now = 1_790_000_000_000;
    assert_eq!(store.load(&key(1), now).await, Loaded::Absent);
    store.save(&key(1), entry("one", now)).await.unwrap();
    store.save(&key(2), entry("two", now)).await.unwrap();
    assert_eq!(store.load(&key(1), now).await, Loaded::Found(entry("one", now)));
    assert_eq!(store.load(&key(2), now + HOUR_MS - 1).await, Loaded::Found(entry("two", now)));
    store.save(&key(1), entry("new", now + 5)).await.unwrap();
    assert_eq!(store.load(&key(1), now + 5).await, Loaded::Found(entry("new", now + 5)), "the new one replaces it");
    assert_eq!(store.load(&key(2), now + HOUR_MS).await, Loaded::Absent, "its time is over");
    store.remove(&key(1)).await.unwrap();
    assert_eq!(store.load(&key(1), now).await, Loaded::Absent);
    store.remove(&key(9)).await.unwrap();
    store.save(&key(3), entry("three", now)).await.unwrap();
    store.clear().await.unwrap();
    assert_eq!(store.load(&key(3), now).await, Loaded::Absent);
    if let Some(size) = store.size().await.unwrap() {
        assert_eq!((size.entries, size.bytes.unwrap_or(0)), (0, 0));
    }
}

#[tokio::test]
async fn memory_keeps_its_promises() {
    keeps_its_promises(&MemoryStore::entries(100)).await;
    keeps_its_promises(&MemoryStore::bytes(100_000)).await;
}

#[tokio::test]
async fn memory_holds_no_more_than_it_may() {
    let now = 1_790_000_000_000;
    let few = MemoryStore::entries_with(10, Eviction::LeastRecent);
    for number in 0..100 {
        few.save(&key(number), entry("x", now)).await.unwrap();
        few.size().await.unwrap();
    }
    assert_eq!(few.size().await.unwrap().unwrap().entries, 10);
    let kept: Vec<u8> = {
        let mut kept = Vec::new();
        for number in 0..100 {
            if few.load(&key(number), now).await != Loaded::Absent {
                kept.push(number);
            }
        }
        kept
    };
    assert_eq!(kept, (90..100).collect::<Vec<_>>(), "the last ones");

    let small = MemoryStore::bytes(20_000);
    for number in 0..100 {
        small.save(&key(number), entry(&"x".repeat(1000), now)).await.unwrap();
    }
    let size = small.size().await.unwrap().unwrap();
    assert!(size.bytes.unwrap() <= 20_000 && size.entries >= 5, "{size:?}");
    small.save(&key(200), entry(&"x".repeat(30_000), now)).await.unwrap();
    small.size().await.unwrap();
    assert_eq!(small.load(&key(200), now).await, Loaded::Absent, "larger than all there is");

    let used = MemoryStore::entries(10);
    for number in 0..10 {
        used.save(&key(number), entry("x", now)).await.unwrap();
    }
    for _ in 0..20 {
        for number in 0..10 {
            used.load(&key(number), now).await;
        }
    }
    used.size().await.unwrap();
    used.save(&key(77), entry("once", now)).await.unwrap();
    used.size().await.unwrap();
    assert_eq!(used.load(&key(77), now).await, Loaded::Absent, "what was asked for once does not replace what is used");
}

#[cfg(feature = "disk")]
mod disk {
    use llm_cache::{DiskStore, Keyring, Loaded, Rejected, Store};

    use super::{entry, keeps_its_promises, key};
    use crate::support::keyring;

    struct Folder(std::path::PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("llm-cache-disk-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn open(&self, max_bytes: u64, keyring: &Keyring) -> DiskStore {
            DiskStore::open(&self.0.join("cache.redb"), max_bytes, keyring).unwrap()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    const NOW: u64 = 1_790_000_000_000;

    #[tokio::test]
    async fn disk_keeps_its_promises() {
        let folder = Folder::new("promises");
        keeps_its_promises(&folder.open(1 << 20, &keyring())).await;
    }

    #[tokio::test]
    async fn answers_survive_a_restart_and_nobody_else_reads_or_forges_them() {
        let folder = Folder::new("restart");
        let store = folder.open(1 << 20, &keyring());
        store.save(&key(1), entry("one", NOW)).await.unwrap();
        let second = DiskStore::open(&folder.0.join("cache.redb"), 1 << 20, &keyring());
        assert!(second.err().unwrap().to_string().contains("another process has it"));
        drop(store);
        let store = folder.open(1 << 20, &keyring());
        assert_eq!(store.load(&key(1), NOW).await, Loaded::Found(entry("one", NOW)));
        drop(store);
        let stranger = folder.open(1 << 20, &Keyring::new(b"another secret of 16").unwrap());
        assert_eq!(stranger.load(&key(1), NOW).await, Loaded::Rejected(Rejected::Tampered));
    }

    #[tokio::test]
    async fn the_file_holds_no_more_than_it_may_and_what_ends_first_goes_first() {
        let folder = Folder::new("bounds");
        let store = folder.open(20_000, &keyring());
        for number in 0..100_u8 {
            // The higher the number, the sooner its time is over.
            store.save(&key(number), entry(&"x".repeat(1000), NOW - u64::from(number))).await.unwrap();
        }
        let size = store.size().await.unwrap().unwrap();
        assert!(size.bytes.unwrap() <= 20_000 && size.entries >= 5, "{size:?}");
        assert!(matches!(store.load(&key(0), NOW).await, Loaded::Found(_)));
        assert!(matches!(store.load(&key(99), NOW).await, Loaded::Found(_)), "the newest stays");
        assert_eq!(store.load(&key(98), NOW).await, Loaded::Absent);
        store.save(&key(0), entry(&"x".repeat(30_000), NOW)).await.unwrap();
        assert_eq!(store.load(&key(0), NOW).await, Loaded::Absent, "larger than all there is");
        store.clear().await.unwrap();
        assert_eq!(store.size().await.unwrap().unwrap(), llm_cache::Size { entries: 0, bytes: Some(0) });
    }

    #[tokio::test]
    async fn a_file_of_something_else_is_an_error() {
        let folder = Folder::new("else");
        std::fs::write(folder.0.join("cache.redb"), vec![7; 10_000]).unwrap();
        assert!(DiskStore::open(&folder.0.join("cache.redb"), 1, &keyring()).is_err());
    }
}
