//! A few seeds, short: the rest is `cargo xtask soak sim`.

use std::time::Duration;

use workspace_simulation::{Plan, run};

#[test]
fn every_promise_is_kept_in_a_few_worlds() {
    for seed in 0..6 {
        let plan = Plan { seed, length: Duration::from_secs(180), rate: 10 };
        let report = run(plan).unwrap();
        assert_eq!(report.problems, [""; 0], "seed {seed}: cargo xtask soak sim --seed {seed} --minutes 3 --rate 10");
        assert!(report.requests > 1500 && report.calls > report.requests / 2, "{report:?}");
    }
}

#[test]
fn a_seed_is_one_run_and_another_seed_another() {
    let plan = Plan { seed: 3, length: Duration::from_secs(60), rate: 10 };
    let digest = |plan| run(plan).unwrap().digest;
    assert_eq!(digest(plan), digest(plan));
    assert_ne!(digest(plan), digest(Plan { seed: 4, ..plan }));
}
