//! Changes while requests are under way: each is made as a whole or not at all, and plans that were made stay.

use std::sync::{Arc, PoisonError};

use llm_core::{Error, ErrorKind, Provider};

use crate::ready::{Known, Providers};
use crate::route::Route;
use crate::router::Router;
use crate::rule::Rule;
use crate::table::{Names, Table, refusal};
use crate::target::TargetSpec;

impl Router {
    /// Other routes. Aliases, rules and the default stay and must still mean something.
    pub fn replace(&self, routes: impl IntoIterator<Item = Route>) -> Result<(), Error> {
        let routes: Vec<Route> = routes.into_iter().collect();
        self.change(|names| {
            names.routes = routes;
            Ok(())
        })
    }

    /// Another route of the same name, or one more.
    pub fn set_route(&self, route: Route) -> Result<(), Error> {
        self.change(|names| {
            match names.routes.iter_mut().find(|other| other.name == route.name) {
                Some(other) => *other = route,
                None => names.routes.push(route),
            }
            Ok(())
        })
    }

    /// Other rules.
    pub fn set_rules(&self, rules: impl IntoIterator<Item = Rule>) -> Result<(), Error> {
        let rules: Vec<Rule> = rules.into_iter().collect();
        self.change(|names| {
            names.rules = rules;
            Ok(())
        })
    }

    /// Another active model: what answers requests that name none.
    pub fn set_default(&self, name: impl Into<String>) -> Result<(), Error> {
        let name = name.into();
        self.change(|names| {
            names.default = Some(name);
            Ok(())
        })
    }

    /// Another fallback chain of a route: who is asked after its targets, in order.
    pub fn set_fallback(
        &self,
        route: &str,
        chain: impl IntoIterator<Item = impl Into<TargetSpec>>,
    ) -> Result<(), Error> {
        let chain: Vec<TargetSpec> = chain.into_iter().map(Into::into).collect();
        self.change(|names| match names.routes.iter_mut().find(|other| other.name == route) {
            Some(found) => {
                found.fallback = chain;
                Ok(())
            }
            None => Err(refusal(ErrorKind::NotFound, format!("no route has the name {route:?}: nothing is changed"))),
        })
    }

    /// One more provider, or another in the place of one with the same id: requests may name `its id/any model`, and its
    /// id alone where it has a default model.
    pub fn set_provider(&self, provider: Arc<dyn Provider>, default_model: Option<Arc<str>>) -> Result<(), Error> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let table = self.table();
        let mut providers = Providers::clone(&table.providers);
        let id: Arc<str> = provider.id().into();
        let mut known = Known::new(id.clone(), provider, default_model);
        if let Some(before) = providers.get(&id) {
            (known.timeout, known.timeouts) = (before.timeout, before.timeouts);
        }
        providers.insert(id, known);
        self.establish(&Arc::new(providers), table.names.clone())
    }

    /// A route as it is now, by its name or an alias.
    pub fn route(&self, name: &str) -> Option<Route> {
        let table = self.table();
        let is_it = |route: &&Route| route.name == name || route.aliases.iter().any(|alias| alias == name);
        table.names.routes.iter().find(is_it).cloned()
    }

    /// The name of the active model.
    pub fn default_model(&self) -> Option<String> {
        self.table().names.default.clone()
    }

    fn change(&self, change: impl FnOnce(&mut Names) -> Result<(), Error>) -> Result<(), Error> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names = self.table().names.clone();
        change(&mut names)?;
        self.establish(&self.table().providers, names)
    }

    fn establish(&self, providers: &Arc<Providers>, names: Names) -> Result<(), Error> {
        let mut problems = Vec::new();
        let table = Table::build(providers, &self.sources, names, &mut problems);
        if !problems.is_empty() {
            return Err(Error::new(ErrorKind::Config, problems.join("; ")));
        }
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
        Ok(())
    }
}
