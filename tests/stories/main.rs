//! Stories that cross crates, and the rules of the tree.

#[cfg(test)]
mod carriers;
#[cfg(test)]
mod dependencies;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod granted;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod one_path;
#[cfg(test)]
mod parcel;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod template;
