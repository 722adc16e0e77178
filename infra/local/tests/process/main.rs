//! The real binary, as a stranger meets it: started, killed, asked, fed with rubbish. Everything is on 127.0.0.1.

#[cfg(test)]
mod http;
#[cfg(test)]
mod running;
#[cfg(test)]
mod world;

#[cfg(test)]
mod backup;
#[cfg(test)]
mod canary;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod first_start;
#[cfg(test)]
mod input;
#[cfg(test)]
mod payloads;
#[cfg(test)]
mod trouble;
