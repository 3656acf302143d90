//! Replicas that share one hard budget on a real Redis; `cargo xtask soak budget` starts it.
//!
//! `budget [--seeds A..B | --seed N] [--requests N] [--limit DOLLARS]`, or
//! `budget --pauses N` for a server that stops answering, which `cargo xtask soak redis` starts.
#![allow(clippy::print_stdout, reason = "a command line program talks through its terminal")]

#[cfg(unix)]
mod judge;
#[cfg(unix)]
mod load;
#[cfg(unix)]
mod paused;
#[cfg(unix)]
mod program;
#[cfg(unix)]
mod vendor;

#[cfg(unix)]
fn main() -> anyhow::Result<()> {
    program::run()
}

#[cfg(not(unix))]
fn main() {
    println!("the server of this test listens on a Unix socket, which this system does not have");
}
