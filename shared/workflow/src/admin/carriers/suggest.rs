//! Codes near a text, and what the built-in names say of it.

use carriers::{Carrier, How, MappingProblem, accepted, carriers_in, recognise};
use serde::Serialize;

use super::seen::countries_of;
use super::set_command;
use crate::admin::AdminError;
use crate::admin::target::{MapTarget, reached};
use crate::mappings::MappingError;
use crate::world::World;

/// Codes shown at most.
const MOST: usize = 8;

/// What a text may mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suggested {
    /// The text.
    pub text: String,
    /// Whose mappings.
    pub merchant: String,
    /// What a mapping would reach, as in `map list`.
    pub scope: String,
    /// The carrier that the built-in names take it for; absent if they know none, or find several.
    pub carrier: Option<&'static str>,
    /// The service that they find in it.
    pub service: Option<String>,
    /// Every carrier that it names anywhere.
    pub named: Vec<&'static str>,
    /// By country: those where the answer is the same stand together.
    pub countries: Vec<SuggestedIn>,
    /// The command that maps it, with the best code.
    pub command: String,
}

/// What a text may mean in some countries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SuggestedIn {
    /// The countries (ISO 3166, lower case).
    pub countries: Vec<&'static str>,
    /// The code that the built-in names send without any mapping.
    pub code: Option<&'static str>,
    /// Codes near it, best first.
    pub near: Vec<&'static str>,
    /// The word for a carrier outside the list, where the marketplace takes one.
    pub other: Option<&'static str>,
    /// When the list of codes was published.
    pub list_date: &'static str,
}

/// Says what a carrier text may mean at the accounts that `target` reaches.
///
/// # Errors
/// See [`AdminError`]; refused, if nothing can be mapped under the text.
pub async fn map_suggest(world: &World, text: &str, target: &MapTarget) -> Result<Suggested, AdminError> {
    let text = text.trim();
    if How::Folded.key(text).is_empty() {
        return Err(AdminError::Mapping(MappingError::Problem(MappingProblem::NoText)));
    }
    let reached = reached(world, target).await?;
    let mut countries: Vec<&'static str> = Vec::new();
    for connection in &reached.connections {
        countries.extend(countries_of(world, connection, None));
    }
    if countries.is_empty() {
        countries = carriers::countries(&reached.place.kind);
    }
    countries.sort_unstable();
    countries.dedup();
    let read = recognise(text, None);
    let named = carriers_in(text, None);
    let mut groups: Vec<SuggestedIn> = Vec::new();
    for country in countries {
        let Some(answer) = in_country(&reached.place.kind, country, text, read.carrier, &named) else {
            continue;
        };
        let same = |known: &&mut SuggestedIn| {
            SuggestedIn { countries: Vec::new(), ..(**known).clone() }
                == SuggestedIn { countries: Vec::new(), ..answer.clone() }
        };
        match groups.iter_mut().find(same) {
            Some(known) => known.countries.extend(answer.countries),
            None => groups.push(answer),
        }
    }
    // Of several carriers none is the better guess.
    let one = read.carrier.is_some() || named.len() < 2;
    let best = groups.first().filter(|_| one).and_then(|group| group.near.first().copied());
    Ok(Suggested {
        text: text.to_owned(),
        merchant: reached.place.merchant.to_string(),
        scope: reached.place.reach.to_string(),
        carrier: read.carrier.map(Carrier::title),
        service: read.service,
        named: named.into_iter().map(Carrier::title).collect(),
        command: set_command(text, How::Folded, best, &reached.place.reach),
        countries: groups,
    })
}

/// `None` where we have no list.
fn in_country(
    kind: &str,
    country: &'static str,
    text: &str,
    carrier: Option<Carrier>,
    named: &[Carrier],
) -> Option<SuggestedIn> {
    let list = accepted(kind, country)?;
    let code = carrier.and_then(|carrier| carriers::code(carrier, kind, country));
    let titles = carrier.iter().chain(named).map(|carrier| carrier.title());
    let mut near: Vec<&'static str> = code.into_iter().collect();
    near.extend(named.iter().filter_map(|carrier| carriers::code(*carrier, kind, country)));
    near.extend(titles.chain([text]).flat_map(|hint| list.suggest(hint)));
    let mut seen = Vec::with_capacity(near.len());
    near.retain(|code| {
        let new = !seen.contains(code);
        seen.push(*code);
        new
    });
    near.truncate(MOST);
    Some(SuggestedIn { countries: vec![country], code, near, other: list.other(), list_date: list.date })
}
