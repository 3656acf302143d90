//! A plugin that is named is linked, in debug and in release with whole-program LTO; one that is not gives the error
//! that names the cure. The application and the plugin are a workspace of their own, as outside of this repository.

use std::process::Command;

fn run(arguments: &[&str]) -> String {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/third-party");
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--package", "linked"])
        .args(arguments)
        .current_dir(root)
        .env("CARGO_TARGET_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/third-party"))
        // Flags of the outer build must not leak into a foreign workspace.
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_named_plugin_is_linked_in_debug_and_in_release_with_lto() {
    for profile in [&["--features", "named"][..], &["--features", "named", "--release"]] {
        assert_eq!(run(profile), "linked: acme from llm-provider-acme 0.1.0\n", "{profile:?}");
    }
}

#[test]
fn a_plugin_that_nobody_names_is_missing_and_the_error_names_the_cure() {
    for profile in [&[][..], &["--release"]] {
        let said = run(profile);
        assert!(said.starts_with("error: no provider \"acme\" is linked"), "{said}");
        assert!(said.contains("use llm_provider_x as _;"), "{said}");
    }
}
