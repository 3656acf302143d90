//! Every seed through its target: what was found once stays found, without a fuzzer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests say what they expect")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use workspace_fuzz::{TARGETS, mutate};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = folder("seeds").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn every_seed_holds() {
    for (target, check) in TARGETS {
        let seeds = seeds(target);
        assert!(seeds.len() >= 3, "{target} has {} seeds", seeds.len());
        for (path, seed) in seeds {
            println!("{}", path.display());
            check(&seed);
            // Other ways to split the same bytes.
            for split in 0..4 {
                let mut other = seed.clone();
                if let Some(byte) = other.get_mut(1) {
                    *byte = split;
                }
                check(&other);
            }
        }
    }
}

#[test]
fn a_few_mutations_of_every_seed_hold() {
    for (target, check) in TARGETS {
        for (path, seed) in seeds(target) {
            let mut input = seed;
            for number in 0..8 {
                if let Some(mutated) = mutate::mutated(&input, number) {
                    println!("{} {number}: {}", path.display(), String::from_utf8_lossy(&mutated));
                    check(&mutated);
                    input = mutated;
                }
            }
        }
    }
}

#[test]
fn every_target_has_an_entry_point_of_its_name() {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let files = fs::read_dir(folder("targets")).unwrap().map(|entry| entry.unwrap().path());
    let stems = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    assert_eq!(stems.collect::<BTreeSet<_>>(), names);
    let manifest = fs::read_to_string(folder("Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name} is not in the manifest");
        let source = fs::read_to_string(folder("targets").join(format!("{name}.rs"))).unwrap();
        assert!(source.contains(&format!("workspace_fuzz::{name}::check")), "{name} feeds another target");
    }
}
