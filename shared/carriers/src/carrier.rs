//! Carriers: who moves a parcel, whatever a store or a marketplace calls them.

mod a_to_l;
mod m_to_z;

use std::fmt;

use serde::{Deserialize, Serialize};

use a_to_l::a_to_l;
use m_to_z::m_to_z;

macro_rules! carriers {
    ($($name:ident $id:literal $title:literal;)*) => {
        /// Who moves a parcel. Brands that marketplaces tell apart are carriers of their own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Carrier {
            $(#[doc = concat!("`", $title, "`")] #[serde(rename = $id)] $name,)*
        }

        impl Carrier {
            /// Every carrier we know.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name in our records; never changes.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// Its name for people.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

// One list in two files: each macro hands on what it was given.
a_to_l!(m_to_z);

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

#[cfg(test)]
mod tests;
