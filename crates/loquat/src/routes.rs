//! From the configuration's names to a router: routes, the default model with its fallbacks, and the providers they need.

use std::fmt::Write as _;
use std::sync::Arc;

use llm_core::{Error, ErrorKind, Registry, closest, model_card};
use llm_resilience::Settings;
use llm_router::{BEST_QUALITY, CHEAPEST, Experiment, Experiments, FASTEST, Route, Router, Shadow, TargetSpec};
use tokio::time::Instant;

use crate::active::Active;
use crate::assessors::{self, OwnStack};
use crate::conduct;
use crate::config::{Config, ProviderConfig, RouteConfig};
use crate::configured::{self, Configured, Site};
use crate::environment::Environment;
use crate::misspelt::misspelt_keys;
use crate::state::EngineState;

/// The route of requests that name no model, where that one has fallbacks.
pub(crate) const DEFAULT_ROUTE: &str = "default";

/// What a configuration says of where requests go and how.
pub(crate) struct Routing {
    pub(crate) router: Router,
    /// Who is asked when a request names no model, and who steps in.
    pub(crate) active: Active,
    /// How the requests of each route are driven.
    pub(crate) settings: Vec<(String, Settings)>,
}

/// Builds the router and what goes with it. Providers that a name needs and nobody configured are built from the
/// environment and added.
pub(crate) fn routing(
    site: &Site<'_>,
    providers: &mut Vec<Configured>,
    config: &Config,
    state: &EngineState,
    own: &OwnStack,
) -> Result<Routing, Error> {
    let mut names = Names { site, providers, config };
    let mut routes = Vec::new();
    let mut settings = Vec::new();
    for route in &config.routes {
        let targets = names.of_route(route)?;
        let fallback = names.fallback(&targets, &route.fallback)?;
        let mut strategy = route.strategy()?;
        for target in strategy.targets_mut() {
            *target = names.name(target)?;
        }
        let mut built = Route::new(&route.name, targets).with_strategy(strategy).with_fallback(fallback);
        built.min_quality = route.min_quality;
        built.aliases.clone_from(&route.aliases);
        routes.push(built);
        let mut conduct = conduct::settings(&route.conduct(&config.defaults), &route.place())?;
        conduct.quality =
            route.quality_gate.iter().map(|gate| assessors::gate(gate, &route.place(), own)).next().transpose()?;
        settings.push((route.name.clone(), conduct));
    }
    let model = match &config.defaults.model {
        Some(model) => Some(names.name(model)?),
        None => names.only_provider(),
    };
    let default = match (&model, config.defaults.fallback.as_slice()) {
        (None, []) => None,
        (None, _) => {
            let what = "fallbacks are set but no primary: set LOQUAT_MODEL, LLM_PRIMARY_PROVIDER or defaults.model";
            return Err(Error::new(ErrorKind::Config, what));
        }
        (Some(model), []) => Some(model.clone()),
        (Some(model), fallbacks) => {
            if config.routes.iter().any(|route| route.name == DEFAULT_ROUTE) {
                let what =
                    format!("the route {DEFAULT_ROUTE:?} is made from defaults.model and its fallbacks: rename yours");
                return Err(Error::new(ErrorKind::Config, what));
            }
            let primary = routes.iter().find(|route| route.name == *model || route.aliases.contains(model)).cloned();
            if let Some((_, of_primary)) =
                primary.iter().find_map(|route| settings.iter().find(|(name, _)| *name == route.name))
            {
                settings.push((DEFAULT_ROUTE.to_owned(), of_primary.clone()));
            }
            let fallback = names.fallback(&[], fallbacks)?;
            routes.push(default_route(primary, model, fallback));
            Some(DEFAULT_ROUTE.to_owned())
        }
    };
    let (experiments, shadows) = names.comparisons(&routes)?;
    let unconfigured = configured::unconfigured(site.registry, providers);
    let with = |experiments: Experiments| {
        let mut building = Router::builder()
            .states(Arc::new(state.gates.clone()))
            .stats(Arc::new(state.stats.clone()))
            .experiments(experiments)
            .beliefs(Arc::new(state.learning.clone()));
        #[cfg(feature = "budget")]
        {
            building = state.money.advise(building, config);
        }
        building = config.rules.iter().cloned().fold(building, llm_router::Builder::rule);
        for (id, how) in &unconfigured {
            building = building.unconfigured(*id, how.as_str());
        }
        for Configured { plugin, provider, .. } in &*providers {
            let provider = site.around.provider(provider.clone());
            building = match plugin.and_then(|plugin| plugin.default_model) {
                Some(model) => building.provider_with_model(provider, model),
                None => building.provider(provider),
            };
        }
        for ProviderConfig { id, timeout, .. } in &config.providers {
            if let Some(timeout) = *timeout {
                building = building.provider_timeout(id, timeout, conduct::of_target(timeout, &config.defaults));
            }
        }
        building = routes.iter().cloned().fold(building, llm_router::Builder::route);
        default.iter().fold(building, llm_router::Builder::default_model).build()
    };
    // A router finds the arms of its routes when it is built, so the experiments are in place before it; and they are put
    // there only when the whole is known to be right, because a client at work shares them.
    let (trial, now) = (Experiments::default(), Instant::now().into_std());
    trial.configure(experiments.clone(), shadows.clone(), now)?;
    with(trial)?;
    state.experiments.configure(experiments, shadows, now)?;
    let fallback = if model.is_some() { config.defaults.fallback.clone() } else { Vec::new() };
    Ok(Routing { router: with(state.experiments.clone())?, active: Active { model, fallback }, settings })
}

/// The route of requests that name no model: the active model's own route, where it has one, with more who step in.
pub(crate) fn default_route(primary: Option<Route>, model: &str, fallback: Vec<TargetSpec>) -> Route {
    let mut route = primary.unwrap_or_else(|| Route::new(DEFAULT_ROUTE, [model]));
    for target in fallback {
        if route.targets.iter().chain(&route.fallback).all(|other| other.id != target.id) {
            route.fallback.push(target);
        }
    }
    DEFAULT_ROUTE.clone_into(&mut route.name);
    route.aliases.clear();
    route
}

/// Reads names as the configuration writes them.
struct Names<'a> {
    site: &'a Site<'a>,
    providers: &'a mut Vec<Configured>,
    config: &'a Config,
}

impl Names<'_> {
    /// A route's name as it is; a target with its provider's own id and, where only the provider stands, its default model.
    fn name(&mut self, name: &str) -> Result<String, Error> {
        if self.is_route(name) {
            return Ok(name.to_owned());
        }
        let (id, model) = name.split_once('/').map_or((name, None), |(id, model)| (id, Some(model)));
        if model.is_none()
            && let Some(what) = self.bare(name)
        {
            return Err(Error::new(ErrorKind::Config, what));
        }
        let provider = self.provider(id)?;
        let model = model.or(provider.plugin.and_then(|plugin| plugin.default_model)).ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                format!("{name:?} names no model and {id} has no default one: write {id}/MODEL"),
            )
        })?;
        Ok(format!("{}/{model}", provider.id))
    }

    /// What is wrong with a name without a slash that is neither a provider nor close to one: likely a model's.
    fn bare(&self, name: &str) -> Option<String> {
        let Site { registry, .. } = *self.site;
        if self.providers.iter().any(|known| *known.id == *name) || registry.plugin(name).is_ok() {
            return None;
        }
        let of = registry.plugins().find(|plugin| model_card(plugin.id, name).is_some());
        let known = self.providers.iter().map(|known| &*known.id).chain(registry.plugins().map(|plugin| plugin.id));
        if of.is_none() && closest(name, known).is_some() {
            return None;
        }
        let example = of.map(|plugin| format!(", as in {}/{name}", plugin.id)).unwrap_or_default();
        Some(format!("{name:?} is neither a route nor a provider: write provider/model{example}"))
    }

    /// The targets of a route, with its timers.
    fn of_route(&mut self, route: &RouteConfig) -> Result<Vec<TargetSpec>, Error> {
        let conduct = route.conduct(&self.config.defaults);
        let mut target = |spec: &TargetSpec| {
            let mut spec = spec.clone();
            spec.id = self.name(&spec.id)?;
            spec.region = spec.region.or_else(|| self.region(&spec.id));
            spec.timeout = spec.timeout.or_else(|| self.config_of(&spec.id)?.timeout);
            spec.timeouts = spec.timeouts.or_else(|| match spec.timeout {
                Some(timeout) => Some(conduct::of_target(timeout, &conduct)),
                None => route.has_timers().then(|| conduct::timers(&conduct)),
            });
            Ok(spec)
        };
        route.targets.iter().map(&mut target).collect()
    }

    /// The experiments and shadows with the targets' own ids. What they are on must be a route, and whom they ask a target:
    /// else nothing would come of them, unnoticed.
    fn comparisons(&mut self, routes: &[Route]) -> Result<(Vec<Experiment>, Vec<Shadow>), Error> {
        let (mut experiments, mut shadows) = (self.config.experiments.clone(), self.config.shadows.clone());
        for Experiment { name, on_model, arms, .. } in &mut experiments {
            let place = format!("the experiment {name:?}");
            is_route(routes, on_model, &place)?;
            for arm in arms {
                arm.target = self.target(&arm.target, &place)?;
            }
        }
        for Shadow { on_model, target, .. } in &mut shadows {
            let place = format!("the shadow of {on_model:?}");
            is_route(routes, on_model, &place)?;
            *target = self.target(target, &place)?;
        }
        Ok((experiments, shadows))
    }

    /// A target with its provider's own id.
    fn target(&mut self, name: &str, place: &str) -> Result<String, Error> {
        if self.is_route(name) {
            let what = format!("{place}: {name:?} is a route, and a target is wanted: write provider/model");
            return Err(Error::new(ErrorKind::Config, what));
        }
        self.name(name)
    }

    /// The region of a target's provider.
    fn region(&self, target: &str) -> Option<String> {
        self.config_of(target)?.region.clone()
    }

    /// What is configured of a target's provider.
    fn config_of(&self, target: &str) -> Option<&ProviderConfig> {
        let id = target.split('/').next()?;
        self.config.providers.iter().find(|provider| provider.id == id)
    }

    /// Those who step in for `targets`. One list serves several primaries, as in `LLM_FALLBACK_PROVIDERS=claude,openai`:
    /// who is there already is not added again.
    fn fallback(&mut self, targets: &[TargetSpec], names: &[String]) -> Result<Vec<TargetSpec>, Error> {
        let mut fallback: Vec<TargetSpec> = Vec::new();
        for name in names {
            let name = self.name(name)?;
            for target in self.targets(&name)? {
                if targets.iter().chain(&fallback).all(|other| other.id != target.id) {
                    fallback.push(target);
                }
            }
        }
        Ok(fallback)
    }

    /// The targets behind a name: a route's, or the target itself.
    fn targets(&mut self, name: &str) -> Result<Vec<TargetSpec>, Error> {
        let config = self.config;
        match config.routes.iter().find(|route| is_named(route, name)) {
            Some(route) => self.of_route(route),
            None => Ok(vec![TargetSpec::new(name)]),
        }
    }

    fn is_route(&self, name: &str) -> bool {
        self.config.routes.iter().any(|route| is_named(route, name))
    }

    /// The provider with this id; one that nobody configured is built from the environment.
    fn provider(&mut self, id: &str) -> Result<&Configured, Error> {
        let known = |providers: &[Configured], id: &str| providers.iter().position(|provider| *provider.id == *id);
        if let Some(place) = known(self.providers, id) {
            return Ok(&self.providers[place]);
        }
        let Site { registry, environment, .. } = *self.site;
        let plugin = registry.plugin(id)?;
        let own = plugin.account_id(id);
        if let Some(place) = known(self.providers, own) {
            return Ok(&self.providers[place]);
        }
        let built = configured::build(self.site, &ProviderConfig::new(own))?;
        let variables = configured::variables(plugin, own, environment);
        // A preset needs no more than its name, or says at the call what it needs.
        if own == plugin.id && !variables.is_empty() && !plugin.fake {
            let variables = variables.join(", ");
            tracing::warn!(provider = own, %variables, "the provider is named but not configured");
        }
        self.providers.push(built);
        Ok(&self.providers[self.providers.len() - 1])
    }

    /// The default model of the only provider there is, or of the only one that somebody means; with several nothing is
    /// picked.
    fn only_provider(&self) -> Option<String> {
        let meant: Vec<&Configured> = self.providers.iter().filter(|provider| !provider.unmeant).collect();
        match (&meant[..], &self.providers[..]) {
            ([Configured { id, plugin: Some(plugin), .. }], _)
            | ([], [Configured { id, plugin: Some(plugin), .. }]) => Some(format!("{id}/{}", plugin.default_model?)),
            _ => None,
        }
    }
}

fn is_named(route: &RouteConfig, name: &str) -> bool {
    route.name == name || route.aliases.iter().any(|alias| alias == name)
}

/// Refuses what is said of a route that there is not; an alias is none, because requests are counted by the route.
fn is_route(routes: &[Route], name: &str, place: &str) -> Result<(), Error> {
    if routes.iter().any(|route| route.name == name) || [CHEAPEST, FASTEST, BEST_QUALITY].contains(&name) {
        return Ok(());
    }
    let what = format!("{place}: no route has the name {name:?}: write that of a [[model]]");
    Err(Error::new(ErrorKind::Config, what))
}

/// What a client without any provider should say when it is asked.
pub(crate) fn nothing_configured(registry: &Registry, environment: &Environment) -> String {
    let mut advice = format!(
        "no provider is configured ({}), or use \"local/echo\" in tests",
        configured::how_to_configure(registry)
    );
    for (name, meant) in misspelt_keys(registry, environment) {
        // Writing to a string cannot fail.
        let _ = write!(advice, "; {name} is set but not read, did you mean {meant}?");
    }
    advice
}
