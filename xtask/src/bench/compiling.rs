//! What the facade costs to compile with all providers, against one: processor time of debug builds from nothing.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use super::judge;
use crate::cargo;

/// Processor time of all providers' build over one provider's.
const AT_MOST: f64 = 1.6;

/// Builds both in folders of their own, which are removed afterwards.
pub(super) fn run() -> Result<bool> {
    let one = ticks_of("openai")?;
    let all = ticks_of("all-providers")?;
    Ok(judge("debug build of all providers, CPU against one", all / one, AT_MOST, "×"))
}

fn ticks_of(feature: &str) -> Result<f64> {
    let folder = cargo::target().join("bench-compiling").join(feature);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    let arguments = ["build", "--package", "loquat", "--no-default-features", "--features", feature];
    let mut build = cargo::cargo(arguments);
    build.env("CARGO_TARGET_DIR", &folder).env("CARGO_INCREMENTAL", "0");
    let before = ended()?;
    cargo::run(&mut build)?;
    let ticks = ended()? - before;
    fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
    ensure!(ticks > 0, "no processor time was seen; this runs on Linux only");
    println!("{feature}: {ticks} ticks of processor time");
    #[expect(clippy::cast_precision_loss, reason = "minutes of ticks")]
    Ok(ticks as f64)
}

/// Processor time of every child that has ended, theirs included, in clock ticks.
fn ended() -> Result<u64> {
    let stat = fs::read_to_string("/proc/self/stat").context("reading /proc/self/stat, which Linux has")?;
    children(&stat).with_context(|| format!("reading /proc/self/stat: {stat:?} is not understood"))
}

/// Fields 16 and 17: user and system time of the children that were waited for.
fn children(stat: &str) -> Option<u64> {
    // The second field is the program's name in brackets, which may hold blanks and brackets.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(13);
    let mut field = || fields.next()?.parse::<u64>().ok();
    Some(field()? + field()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_children_is_found_behind_any_name() {
        let stat = "7 (a ) b (c) S 1 2 3 4 5 6 7 8 9 10 11 12 1300 44 20 0 1 0 100";
        assert_eq!(children(stat), Some(1344));
        assert_eq!(children("7 (a) S 1"), None);
    }
}
