//! Stories that cross crates, and the rules of the tree.

#[cfg(test)]
mod cancellations;
#[cfg(test)]
mod carriers;
#[cfg(test)]
mod dependencies;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod ebay;
#[cfg(test)]
mod etsy;
#[cfg(test)]
mod feeds;
#[cfg(test)]
mod granted;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod kept;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod mail_path;
#[cfg(test)]
mod many_accounts;
#[cfg(test)]
mod mapping_edits;
#[cfg(test)]
mod mapping_tools;
#[cfg(test)]
mod one_path;
#[cfg(test)]
mod origins;
#[cfg(test)]
mod parcel;
#[cfg(test)]
mod reversals;
#[cfg(test)]
mod shop_tokens;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod template;
#[cfg(test)]
mod upgrades;
