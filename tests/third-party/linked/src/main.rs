//! Prints the plugin `acme`, or why it is not there: whether naming a crate links it, in every profile.

#[cfg(feature = "named")]
use llm_provider_acme as _;

fn main() {
    match llm_core::Registry::linked().and_then(|registry| registry.plugin("acme")) {
        Ok(plugin) => println!("linked: {} from {} {}", plugin.id, plugin.krate, plugin.krate_version),
        Err(error) => println!("error: {error}"),
    }
}
