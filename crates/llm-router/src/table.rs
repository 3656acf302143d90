//! What every name means: routes, aliases, rules and the default, replaced as a whole when they change.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use llm_core::{Error, ErrorKind, PlanTarget, Progress, Target, closest, model_card};

use crate::draw;
use crate::ready::{Providers, ReadyRoute, ready};
use crate::route::Route;
use crate::rule::{Rule, Rules};
use crate::sources::Sources;
use crate::virtual_route;

/// What the operator wrote: kept, so that a part of it can be replaced.
#[derive(Clone, Default)]
pub(crate) struct Names {
    pub(crate) routes: Vec<Route>,
    pub(crate) aliases: Vec<(String, String)>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) default: Option<String>,
    /// Ids of providers that there could be, with what to do for each.
    pub(crate) unconfigured: BTreeMap<String, String>,
}

/// What every name means.
pub(crate) struct Table {
    pub(crate) providers: Arc<Providers>,
    pub(crate) names: Names,
    pub(crate) routes: HashMap<String, Arc<ReadyRoute>>,
    pub(crate) aliases: HashMap<String, String>,
    pub(crate) rules: Rules,
    /// `cheapest` and the like.
    virtuals: BTreeMap<&'static str, Arc<ReadyRoute>>,
    /// Changes with the rules; none where there are none.
    rules_mark: Option<u64>,
}

/// What a name means.
pub(crate) enum Meaning<'a> {
    Route(&'a Arc<ReadyRoute>),
    Direct(PlanTarget),
}

/// More aliases of aliases than this are a circle.
const MAX_HOPS: usize = 8;

impl Table {
    /// Resolves every name. Problems are collected; a table with problems must not be used.
    pub(crate) fn build(
        providers: &Arc<Providers>,
        sources: &Sources,
        names: Names,
        problems: &mut Vec<String>,
    ) -> Self {
        let mut table = Self {
            providers: providers.clone(),
            routes: HashMap::new(),
            aliases: HashMap::new(),
            rules: Rules::new(&names.rules),
            virtuals: BTreeMap::new(),
            rules_mark: (!names.rules.is_empty()).then(|| draw::hash(&format!("{:?}", names.rules))),
            names,
        };
        let names = table.names.clone();
        let mut aliases = names.aliases.clone();
        for route in &names.routes {
            let name = &route.name;
            aliases.extend(route.aliases.iter().map(|alias| (alias.clone(), name.clone())));
            let mut ready = ready(providers, sources, &names.routes, route, problems);
            ready.meaning = Some(table.marked(name, route).into());
            if table.routes.insert(name.clone(), Arc::new(ready)).is_some() {
                problems.push(format!("two routes have the name {name:?}: rename one of them"));
            }
        }
        for (alias, means) in &aliases {
            if table.routes.contains_key(alias) {
                problems.push(format!("the alias {alias:?} is the name of a route, too: rename one of them"));
            } else if let Some(other) = table.aliases.insert(alias.clone(), means.clone())
                && other != *means
            {
                problems.push(format!("the alias {alias:?} means both {other:?} and {means:?}: leave one of them out"));
            }
        }
        table.virtuals = virtual_route::all(providers, sources, &table.in_order());
        for (alias, means) in &aliases {
            if let Err(error) = table.resolve(alias) {
                problems.push(format!("the alias {alias:?} for {means:?}: {}", error.message()));
            }
        }
        for (number, rule) in (1..).zip(&names.rules) {
            if let Some(what) = rule.when.problem() {
                problems.push(format!("rule {number}: {what}"));
            }
            if let Err(error) = table.resolve(&rule.model) {
                problems.push(format!("rule {number}: {}", error.message()));
            }
        }
        if let Some(default) = &names.default
            && let Err(error) = table.resolve(default)
        {
            problems.push(format!("the default model {default:?}: {}", error.message()));
        }
        table
    }

    /// A name that changes with whatever could change its answers.
    fn marked(&self, name: &str, what: &dyn fmt::Debug) -> String {
        let settings = draw::hash(&format!("{what:?}"));
        format!("{name}#{settings:x}.{:x}", self.rules_mark.unwrap_or_default())
    }

    /// See [`Router::meaning`](crate::Router::meaning).
    pub(crate) fn meaning(&self, name: &str) -> Option<Arc<str>> {
        match self.resolve(name).ok()? {
            Meaning::Route(route) => route.meaning.clone(),
            Meaning::Direct(target) => {
                let target = target.target.to_string();
                Some(match self.rules_mark {
                    Some(_) => self.marked(&target, &()).into(),
                    None => target.into(),
                })
            }
        }
    }

    /// The routes as the operator listed them.
    pub(crate) fn in_order(&self) -> Vec<&Arc<ReadyRoute>> {
        self.names.routes.iter().filter_map(|route| self.routes.get(&route.name)).collect()
    }

    /// The route of `cheapest` and the like, whatever an operator calls so.
    pub(crate) fn virtual_route(&self, name: &str) -> Option<&Arc<ReadyRoute>> {
        self.virtuals.get(name)
    }

    /// What a name means, or what there is instead.
    pub(crate) fn resolve(&self, name: &str) -> Result<Meaning<'_>, Error> {
        let mut meant = name;
        for _ in 0..MAX_HOPS {
            if let Some(route) = self.routes.get(meant) {
                return Ok(Meaning::Route(route));
            }
            let Some(next) = self.aliases.get(meant) else {
                let virtual_route = self.virtuals.get(meant).map(Meaning::Route);
                let found = virtual_route.or_else(|| direct(&self.providers, meant).map(Meaning::Direct));
                return found.ok_or_else(|| self.unknown(meant));
            };
            meant = next;
        }
        Err(refusal(ErrorKind::Config, format!("the alias {name:?} leads in a circle: let it mean a route or a model")))
    }

    /// Whether a name is `provider/model` itself, which no operator gave another meaning.
    pub(crate) fn is_outright(&self, name: &str) -> bool {
        !self.routes.contains_key(name)
            && !self.aliases.contains_key(name)
            && !self.virtuals.contains_key(name)
            && direct(&self.providers, name).is_some()
    }

    /// The name that a request without one means.
    pub(crate) fn default_name(&self) -> Result<&str, Error> {
        self.names.default.as_deref().ok_or_else(|| {
            let message = format!("the request names no model: {}", self.choices());
            refusal(ErrorKind::InvalidRequest, message).with_param("model")
        })
    }

    fn unknown(&self, name: &str) -> Error {
        let provider = name.split('/').next().unwrap_or_default();
        let names = self.routes.keys().chain(self.aliases.keys()).map(String::as_str);
        let ids = self.providers.keys().map(|id| &**id);
        let of = self.providers.keys().find(|id| model_card(id, name).is_some());
        let close = closest(provider, ids).filter(|close| *close != provider);
        let hint = match (closest(name, names), self.names.unconfigured.get(provider), of, close) {
            (Some(close), ..) => format!(" (did you mean {close:?}?)"),
            (None, Some(how), ..) => format!(" (the provider {provider:?} is not configured: {how})"),
            (None, None, Some(id), _) => format!(" (did you mean \"{id}/{name}\"?)"),
            (None, None, None, Some(close)) => format!(" (did you mean the provider {close:?}?)"),
            (None, None, None, None) => String::new(),
        };
        let message = format!("nothing answers for the model {name:?}{hint}: {}", self.choices());
        refusal(ErrorKind::NotFound, message).with_code("model_not_found").with_param("model")
    }

    /// What a request may name, as the end of a sentence.
    fn choices(&self) -> String {
        let mut choices = Vec::new();
        let mut names: Vec<&str> = self.routes.keys().map(String::as_str).collect();
        if !names.is_empty() {
            names.sort_unstable();
            choices.push(format!("a route ({})", names.join(", ")));
        }
        if !self.providers.is_empty() {
            let ids: Vec<&str> = self.providers.keys().map(|id| &**id).collect();
            choices.push(format!("provider/model with a configured provider ({})", ids.join(", ")));
        }
        if choices.is_empty() {
            "no provider is configured".to_owned()
        } else {
            format!("name {}", choices.join(" or "))
        }
    }
}

fn direct(providers: &Providers, name: &str) -> Option<PlanTarget> {
    let (id, model) = name.split_once('/').map_or((name, None), |(id, model)| (id, Some(model)));
    let known = providers.get(id)?;
    let model = match model {
        Some(model) => Some(model).filter(|model| !model.is_empty())?.into(),
        None => known.default_model.clone()?,
    };
    let target = Target { provider: known.id.clone(), model };
    let mut target = PlanTarget::of(target, known.provider.clone());
    (target.timeout, target.timeouts) = (known.timeout, known.timeouts);
    Some(target)
}

/// An error before anything was sent.
pub(crate) fn refusal(kind: ErrorKind, message: String) -> Error {
    Error::new(kind, message).with_progress(Progress::NotSent)
}
