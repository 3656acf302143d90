//! What stands around each provider, whoever made it: what is known of its models, and what its calls cost.

use std::sync::Arc;

#[cfg(feature = "budget")]
use llm_budget::BudgetLayer;
#[cfg(any(feature = "budget", feature = "structured"))]
use llm_core::Layer as _;
#[cfg(not(feature = "budget"))]
use llm_core::LinkedCards;
use llm_core::{KnownModels, Provider};
#[cfg(feature = "structured")]
use llm_guard::structured::{Settings, StructuredLayer};

#[cfg(feature = "budget")]
use crate::money::{Costs, Knowing, Money, OfInstance, Prepared, PriceList};

/// What stands around each provider of one client.
#[derive(Clone, Default)]
pub(crate) struct Around {
    #[cfg(feature = "budget")]
    list: Arc<PriceList>,
    #[cfg(feature = "budget")]
    budgets: Option<BudgetLayer>,
    #[cfg(feature = "structured")]
    structured: StructuredLayer,
}

impl Around {
    /// Prices and budgets that were prepared.
    #[cfg(feature = "budget")]
    pub(crate) fn of(prepared: &Prepared, money: &Money, strict: bool) -> Self {
        let costs: Arc<Costs> = money.into();
        let layer = BudgetLayer::new(prepared.books.budgets.clone(), costs.clone(), costs);
        let mut around = Self::default();
        (around.list, around.budgets) = (prepared.list.clone(), Some(layer.with_strict_prices(strict)));
        around
    }

    /// With what was said of answers by a schema.
    #[cfg(feature = "structured")]
    pub(crate) fn with_structured(mut self, settings: Settings) -> Self {
        self.structured = StructuredLayer::new(settings);
        self
    }

    /// What is known of the models of an instance.
    #[cfg_attr(not(feature = "budget"), expect(clippy::unused_self, reason = "nothing is known without the catalogue"))]
    pub(crate) fn models(&self, id: &Arc<str>) -> Arc<dyn KnownModels> {
        #[cfg(feature = "budget")]
        return Arc::new(OfInstance { list: self.list.clone(), id: id.clone() });
        #[cfg(not(feature = "budget"))]
        {
            let _ = id;
            Arc::new(LinkedCards)
        }
    }

    /// The provider with all of it.
    #[cfg_attr(
        not(any(feature = "budget", feature = "structured")),
        expect(clippy::unused_self, reason = "nothing stands around a provider without those")
    )]
    pub(crate) fn provider(&self, provider: Arc<dyn Provider>) -> Arc<dyn Provider> {
        #[cfg(feature = "budget")]
        let provider = {
            let known: Arc<dyn Provider> = Arc::new(Knowing::new(provider, self.list.clone()));
            self.budgets.iter().fold(known, |inner, layer| layer.layer(inner))
        };
        // Outside of budgets: the call that asks again is set aside and paid like any other.
        #[cfg(feature = "structured")]
        let provider = self.structured.layer(provider);
        provider
    }
}
