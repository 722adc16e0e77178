//! Short forms that no person writes: slugs and codes of trackers and label makers.
//!
//! Only those that the names in the other tables do not already meet once case, spaces and punctuation are taken
//! away. Sources: the courier slugs that BigCommerce takes in `tracking_carrier` (the same as in Etsy's list of 2023),
//! ShipStation's carrier guides of 2026.

use super::Names;
use crate::carrier::Carrier as C;

pub(super) const NAMES: &[Names] = &[
    (C::Cne, &["cnexps"]),
    (C::Correos, &["spain-correos-es"]),
    (C::Ctt, &["portugal-ctt"]),
    (C::DeutschePost, &["deutsch-post"]),
    (C::Parcelforce, &["pf_cnd_walleted"]),
    (C::PostNl, &["postnl-3s"]),
    (C::PostNord, &["danmark-post"]),
    (C::PostenSweden, &["sweden-posten"]),
    (C::Sda, &["italy-sda"]),
    (C::Seur, &["international-seur", "portugal-seur"]),
    (C::SfInternational, &["sfb2c"]),
    (C::Skynet, &["skynetworldwide"]),
    (C::Yamato, &["taqbin-jp"]),
];
