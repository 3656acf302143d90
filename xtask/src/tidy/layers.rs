//! Who may depend on whom: the layer diagram of docs/architecture.md as one table.

use super::tree::{Dependency, Package, Workspace};

/// A group of packages with the same rights.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Layer {
    Core,
    Base,
    Http,
    Wire,
    Policy,
    Plugin,
    Testkit,
    Facade,
    Gateway,
    Cli,
    Properties,
    Top,
}

use Layer::{Base, Cli, Core, Facade, Gateway, Http, Plugin, Policy, Properties, Testkit, Top, Wire};

/// Which packages a layer has (`*` at the end: any rest), and which layers they may use.
/// The first row that names a package counts.
/// A layer that is not in its own list: siblings never import each other.
const TABLE: &[(Layer, &[&str], &[Layer])] = &[
    (Core, &["llm-core"], &[]),
    (Base, &["llm-wire", "llm-catalog"], &[Core]),
    (Http, &["llm-http"], &[Core]),
    (Wire, &["llm-wire-*"], &[Core, Base]),
    (
        Policy,
        &["llm-resilience", "llm-cache", "llm-router", "llm-budget", "llm-telemetry", "llm-guard", "llm-prompt"],
        &[Core, Base],
    ),
    (Plugin, &["llm-provider-*"], &[Core, Base, Wire]),
    (Testkit, &["llm-testkit"], &[Core, Base, Http]),
    (Facade, &["loquat"], &[Core, Base, Http, Policy, Plugin]),
    (Gateway, &["llm-gateway"], &[Core, Base, Http, Wire, Policy, Facade]),
    (Cli, &["loquat-cli"], &[Core, Base, Http, Wire, Policy, Facade, Gateway, Testkit]),
    // What holds for any bytes; the end-to-end tests hold recorded streams to the same.
    (Properties, &["workspace-fuzz"], &[Core, Base, Wire]),
    (
        Top,
        &["xtask", "workspace-*"],
        &[Core, Base, Http, Wire, Policy, Plugin, Testkit, Facade, Gateway, Cli, Properties],
    ),
];

/// Crates from outside that only these packages may name.
const RESERVED: &[(&str, &[Layer], &str)] = &[
    ("reqwest", &[Http, Top], "redirects, proxies, caps and redaction are decided once, in llm-http"),
    ("axum", &[Gateway, Top], "the HTTP server belongs to the gateway"),
    ("hyper", &[Gateway, Testkit, Top], "servers belong to the gateway and to the emulator"),
    ("hyper-util", &[Gateway, Testkit, Top], "servers belong to the gateway and to the emulator"),
    ("clap", &[Cli, Top], "command lines belong to the binary"),
];

/// Crates from outside that a layer never names, except in its tests.
const NEVER: &[(Layer, &str, &str)] = &[
    (Core, "tokio", "llm-core has no runtime and no clock"),
    (Base, "tokio", "framing and catalogue are pure"),
    (Wire, "tokio", "wire crates are pure"),
    (Wire, "llm-http", "wire crates are pure"),
];

pub(super) fn check(workspace: &Workspace) -> Vec<String> {
    workspace.packages.iter().flat_map(|package| check_package(package, &workspace.packages)).collect()
}

fn check_package(package: &Package, all: &[Package]) -> Vec<String> {
    let Some((layer, may)) = row(&package.name) else {
        return vec![format!("{} has no layer: give it one in xtask/src/tidy/layers.rs", package.name)];
    };
    let is_ours = |name: &str| all.iter().any(|other| other.name == name);
    let mut problems = Vec::new();
    for dependency in &package.dependencies {
        let name = &dependency.name;
        let fault = if is_ours(name) { ours(layer, may, dependency) } else { foreign(layer, dependency) };
        if let Some(why) = fault {
            problems.push(format!("{} must not depend on {name}: {why}", package.name));
        }
    }
    problems
}

fn ours(layer: Layer, may: &[Layer], dependency: &Dependency) -> Option<String> {
    let Some((used, _)) = row(&dependency.name) else {
        return Some("it has no layer".to_owned());
    };
    let allowed = may.contains(&used) || (dependency.dev && used == Testkit);
    if !allowed {
        return Some(format!("{layer:?} may use {may:?}, this is {used:?}"));
    }
    let choice = dependency.optional || dependency.dev;
    (layer == Facade && used == Plugin && !choice).then(|| "the facade has every plugin as an optional one".to_owned())
}

fn foreign(layer: Layer, dependency: &Dependency) -> Option<String> {
    let reserved = RESERVED.iter().find(|(name, who, _)| *name == dependency.name && !who.contains(&layer));
    let never = NEVER.iter().find(|(who, name, _)| *name == dependency.name && *who == layer && !dependency.dev);
    reserved.map(|(_, _, why)| *why).or(never.map(|(_, _, why)| *why)).map(str::to_owned)
}

fn row(package: &str) -> Option<(Layer, &'static [Layer])> {
    let matches =
        |pattern: &&str| pattern.strip_suffix('*').map_or(*pattern == package, |start| package.starts_with(start));
    TABLE.iter().find(|(_, names, _)| names.iter().any(&matches)).map(|(layer, _, may)| (*layer, *may))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The problems of `package` among all packages that the tests name.
    fn check(package: Package) -> Vec<String> {
        let names = ["llm-core", "llm-wire", "llm-http", "llm-wire-openai", "llm-router", "llm-resilience"];
        let more = ["llm-provider-openai", "llm-provider-local", "llm-testkit", "loquat", "llm-gateway", "loquat-cli"];
        let mut packages: Vec<_> = names.iter().chain(&more).map(|name| Package::named(name)).collect();
        packages.push(Package::named("xtask"));
        packages.retain(|other| other.name != package.name);
        packages.push(package);
        super::check(&Workspace { packages, ..Workspace::default() })
    }

    #[test]
    fn arrows_point_down() {
        for (package, uses) in [
            ("llm-wire", &["llm-core"] as &[&str]),
            ("llm-provider-openai", &["llm-core", "llm-wire", "llm-wire-openai"]),
            ("llm-router", &["llm-core", "tokio"]),
            ("loquat", &["llm-router", "llm-resilience", "llm-http"]),
            ("llm-gateway", &["loquat", "llm-wire-openai", "axum", "hyper"]),
            ("loquat-cli", &["llm-gateway", "llm-wire-openai", "llm-testkit", "clap"]),
            ("xtask", &["llm-provider-openai", "reqwest"]),
        ] {
            assert_eq!(check(Package::named(package).using(uses)), [""; 0], "{package}");
        }
    }

    #[test]
    fn arrows_never_point_up_or_sideways() {
        for (package, uses) in [
            ("llm-core", "llm-wire"),
            ("llm-core", "tokio"),
            ("llm-wire", "llm-http"),
            ("llm-http", "llm-wire"),
            ("llm-wire-openai", "llm-http"),
            ("llm-wire-openai", "tokio"),
            ("llm-router", "llm-resilience"),
            ("llm-router", "llm-wire-openai"),
            ("llm-router", "reqwest"),
            ("llm-provider-openai", "llm-provider-local"),
            ("llm-provider-openai", "llm-resilience"),
            ("llm-provider-openai", "llm-http"),
            ("llm-provider-openai", "llm-testkit"),
            ("llm-testkit", "llm-provider-local"),
            ("llm-testkit", "axum"),
            ("loquat", "axum"),
            ("loquat", "llm-wire-openai"),
            ("llm-gateway", "llm-provider-openai"),
            ("llm-gateway", "reqwest"),
            ("loquat-cli", "llm-provider-openai"),
            ("loquat-cli", "xtask"),
        ] {
            let problems = check(Package::named(package).using(&[uses]));
            assert_eq!(problems.len(), 1, "{package} → {uses}: {problems:?}");
            assert!(problems[0].contains(uses), "{problems:?}");
        }
    }

    #[test]
    fn plugins_are_optional_in_the_facade() {
        let mut facade = Package::named("loquat").using(&["llm-provider-openai"]);
        assert_eq!(
            check(
                Package { features: facade.features.clone(), ..Package::named("loquat") }
                    .using(&["llm-provider-openai"])
            )
            .len(),
            1
        );
        facade.dependencies[0].optional = true;
        assert_eq!(check(facade), [""; 0]);
    }

    #[test]
    fn tests_may_use_the_testkit_and_nothing_else_more() {
        let dev = |name: &str, uses: &str| {
            let mut package = Package::named(name).using(&[uses]);
            package.dependencies[0].dev = true;
            check(package).len()
        };
        assert_eq!(dev("llm-router", "llm-testkit"), 0);
        assert_eq!(dev("llm-core", "tokio"), 0);
        assert_eq!(dev("llm-router", "llm-resilience"), 1);
        assert_eq!(dev("llm-router", "reqwest"), 1);
    }

    #[test]
    fn a_new_crate_needs_a_layer() {
        assert_eq!(check(Package::named("llm-new")).len(), 1);
    }
}
