//! The gateway with a provider of our own.
use llm_provider_acme as _;

fn main() -> std::process::ExitCode {
    loquat_cli::main()
}
