//! The journal: a restart loses nothing, a torn line is ignored, any other damage is told.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use llm_budget::{Balance, Charge, Entry, JournalFile, JournalStore, Ledger, MemoryLedger, Outcome, read_entries};
use proptest::prelude::*;

use crate::memory::{Hand, MemoryStand};
use crate::suite::{self, balance, charge, reservation};

/// A journal in memory that outlives its ledger, and can be told to fail.
#[derive(Clone, Default)]
pub(crate) struct Tape {
    pub(crate) bytes: Arc<Mutex<Vec<u8>>>,
    full: Arc<Mutex<bool>>,
}

impl JournalStore for Tape {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.bytes.lock().unwrap().clone())
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if *self.full.lock().unwrap() {
            self.bytes.lock().unwrap().extend_from_slice(&lines[..lines.len() / 2]);
            return Err(io::Error::other("no space left"));
        }
        self.bytes.lock().unwrap().extend_from_slice(lines);
        Ok(())
    }

    fn replace(&mut self, lines: &[u8]) -> io::Result<()> {
        if *self.full.lock().unwrap() {
            return Err(io::Error::other("no space left"));
        }
        *self.bytes.lock().unwrap() = lines.to_vec();
        Ok(())
    }
}

fn open(hand: &Hand, tape: &Tape) -> MemoryLedger {
    MemoryLedger::open(hand.clock(), tape.clone()).unwrap()
}

proptest! {
    /// However often the process is started again, the history has the balances it would have had without.
    #[test]
    fn restarts_change_nothing(parts in prop::collection::vec(suite::steps(), 1..4)) {
        let (hand, tape) = (Hand::default(), Tape::default());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (through, mut all) = (suite::Model::default(), Vec::new());
        drop(through);
        for part in parts {
            all.extend(part);
            // Every prefix again from the start, with a restart before its last part.
            let stand = MemoryStand { hand: hand.clone(), ledger: Arc::new(open(&hand, &tape)) };
            let key = format!("k{}", all.len());
            runtime.block_on(suite::compare(&stand, &key, &all))?;
            let accounts = [suite::account(&key)];
            let before = runtime.block_on(stand.ledger.read(&accounts)).unwrap();
            drop(stand);
            let again = open(&hand, &tape);
            prop_assert_eq!(runtime.block_on(again.read(&accounts)).unwrap(), before);
        }
    }

    /// Cut anywhere, a journal still opens with the lines that are whole.
    #[test]
    fn a_torn_last_line_is_left_out(cut in 0.0..1.0_f64) {
        let (hand, tape) = (Hand::default(), Tape::default());
        let ledger = open(&hand, &tape);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            for id in 0..5 {
                let one = reservation(id, &[charge("torn", 1000, 10)]);
                ledger.reserve(&one).await.unwrap();
                ledger.settle(&one, 7).await.unwrap();
            }
        });
        drop(ledger);
        let whole = tape.bytes.lock().unwrap().clone();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let cut = (whole.len() as f64 * cut) as usize;
        let lines = whole[..cut].split(|byte| *byte == b'\n').count() - 1;
        tape.bytes.lock().unwrap().truncate(cut);
        prop_assert_eq!(read_entries(&whole[..cut]).unwrap().len(), lines);
        let ledger = open(&hand, &tape);
        let found = runtime.block_on(balance(&ledger, "torn"));
        let (settled, held) = (lines / 2, lines % 2);
        let expected = Balance { spent: i64::try_from(settled * 7).unwrap(), reserved: i64::try_from(held * 10).unwrap(), orphaned: 0 };
        prop_assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn damage_in_the_middle_is_told_with_its_line() {
    let (hand, tape) = (Hand::default(), Tape::default());
    let ledger = open(&hand, &tape);
    for id in 0..3 {
        ledger.reserve(&reservation(id, &[charge("damaged", 1000, 10)])).await.unwrap();
    }
    drop(ledger);
    let second = tape.bytes.lock().unwrap().iter().position(|byte| *byte == b'\n').unwrap() + 30;
    tape.bytes.lock().unwrap()[second] ^= 1;
    let error = MemoryLedger::open(hand.clock(), tape).err().unwrap();
    assert!(error.to_string().starts_with("line 2 of the budget journal is damaged"), "{error}");
}

#[tokio::test]
async fn a_full_disk_stops_new_reservations_and_loses_none() {
    let (hand, tape) = (Hand::default(), Tape::default());
    let ledger = open(&hand, &tape);
    let one = reservation("one", &[charge("full", 100, 60)]);
    ledger.reserve(&one).await.unwrap();
    *tape.full.lock().unwrap() = true;
    assert!(ledger.reserve(&reservation("two", &[charge("full", 100, 10)])).await.is_err());
    assert!(ledger.settle(&one, 50).await.is_err(), "not written down yet");
    assert_eq!(balance(&ledger, "full").await, Balance { spent: 50, reserved: 0, orphaned: 0 });
    *tape.full.lock().unwrap() = false;
    assert_eq!(ledger.settle(&one, 50).await.unwrap().outcome, Outcome::Repeated);
    drop(ledger);
    let ledger = open(&hand, &tape);
    assert_eq!(balance(&ledger, "full").await, Balance { spent: 50, reserved: 0, orphaned: 0 });
    assert_eq!(ledger.settle(&one, 50).await.unwrap().outcome, Outcome::Repeated);
}

#[tokio::test]
async fn what_was_told_is_not_told_again_after_a_restart() {
    let (hand, tape) = (Hand::default(), Tape::default());
    let told = |id: u32| reservation(id, &[Charge { alerts: [50].into(), ..charge("told", 100, 30) }]);
    let ledger = open(&hand, &tape);
    let mut lease = told(1);
    lease.lease = Duration::from_millis(10);
    ledger.reserve(&lease).await.unwrap();
    ledger.heartbeat(&lease, 60).await.unwrap();
    hand.pass(Duration::from_secs(1));
    // An operation that changes nothing itself finds out that the lease is over.
    let reply = ledger.reserve(&reservation(2, &[Charge { amount: 90, ..told(2).charges[0].clone() }])).await.unwrap();
    assert_eq!(reply.crossed.len(), 1);
    drop(ledger);
    let ledger = open(&hand, &tape);
    assert_eq!(ledger.reserve(&told(3)).await.unwrap().crossed, []);
}

#[tokio::test]
async fn a_file_keeps_what_a_process_did() {
    let folder = std::env::temp_dir().join(format!("loquat-journal-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (hand, path) = (Hand::default(), folder.join("budget.journal"));
    for round in 1..=3 {
        let ledger = MemoryLedger::open(hand.clock(), JournalFile::new(&path)).unwrap();
        assert_eq!(balance(&ledger, "file").await.spent, 5 * (round - 1));
        let one = reservation(round, &[charge("file", 100, 10)]);
        ledger.reserve(&one).await.unwrap();
        ledger.settle(&one, 5).await.unwrap();
    }
    let entries = read_entries(&std::fs::read(&path).unwrap()).unwrap();
    assert!(entries.iter().any(|entry| matches!(entry, Entry::Settle { actual: 5, .. })));
    std::fs::remove_dir_all(folder).unwrap();
}
