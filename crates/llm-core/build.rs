//! Nothing to build: the script exists because `links` asks for one. `links` makes two versions of this crate in one
//! dependency graph a resolver error; without it a plugin built against the other version would silently vanish.
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
