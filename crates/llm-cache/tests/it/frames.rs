//! Stored values that are forged, swapped, foreign or old are not believed.

use llm_cache::{Answer, CacheKey, Entry, Framing, HOUR, Keyring, Rejected};

use crate::support::{answer, chat, cx, keyring, ms, tenant};

fn key(name: &str) -> CacheKey {
    keyring().key(&tenant(name), &cx(name), "m", &chat("q")).unwrap()
}

fn entry() -> Entry {
    Entry::new(Answer::Chat(Box::new(answer("the answer"))), 1_000_000, HOUR, ms(800))
}

#[test]
fn no_bit_of_a_value_can_be_changed() {
    let framing = Framing::new(&keyring());
    let frame = framing.encode(&key("a"), &entry()).unwrap();
    assert_eq!(framing.decode(&key("a"), &frame), Ok(entry()));
    for place in 0..frame.len() {
        for bit in [1, 128] {
            let mut changed = frame.clone();
            changed[place] ^= bit;
            let rejected = framing.decode(&key("a"), &changed).unwrap_err();
            let expected = match place {
                0..5 => Rejected::Foreign,
                21..37 => Rejected::WrongKey,
                _ => Rejected::Tampered,
            };
            assert_eq!(rejected, expected, "byte {place}");
        }
    }
    for length in 0..frame.len() {
        assert!(framing.decode(&key("a"), &frame[..length]).is_err());
    }
    let mut longer = frame.clone();
    longer.push(b' ');
    assert_eq!(framing.decode(&key("a"), &longer), Err(Rejected::Tampered));
}

#[test]
fn a_value_belongs_to_its_key_and_to_its_secret() {
    let framing = Framing::new(&keyring());
    let frame = framing.encode(&key("a"), &entry()).unwrap();
    assert_eq!(framing.decode(&key("b"), &frame), Err(Rejected::WrongKey));
    // A forger who writes the other key's tag still lacks the secret.
    let mut forged = frame.clone();
    forged[21..37].copy_from_slice(&key("b").as_bytes()[..16]);
    assert_eq!(framing.decode(&key("b"), &forged), Err(Rejected::Tampered));
    let other = Framing::new(&Keyring::new(b"another secret of 16").unwrap());
    assert_eq!(other.decode(&key("a"), &frame), Err(Rejected::Tampered));
    for foreign in [&b""[..], b"lqca", b"hello", &[0; 4000], br#"{"answer": "x"}"#] {
        assert_eq!(framing.decode(&key("a"), foreign), Err(Rejected::Foreign));
    }
}

#[test]
fn an_entry_is_good_for_its_time_and_not_before_it() {
    let entry = entry();
    let hour = 3_600_000;
    for (now, fresh) in [
        (entry.created, true),
        (entry.created + hour - 1, true),
        (entry.created + hour, false),
        (entry.created - 59_000, true),
        (entry.created - 61_000, false),
        (u64::MAX, false),
    ] {
        assert_eq!(entry.is_fresh(now), fresh, "{now}");
    }
}
