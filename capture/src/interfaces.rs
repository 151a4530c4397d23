//! Interfaces of several files under one numbering.
//!
//! Files that overlap in time come from different sensors: each keeps its own interfaces. A file that begins
//! after another one has ended is its continuation (a ring buffer): where its interfaces are the same
//! in link type, name and description they keep their numbers, so that a stream does not change its path
//! in the middle.

use std::collections::HashMap;

use crate::head::Interface;

/// The numbering.
#[derive(Debug, Default)]
pub(crate) struct Interfaces {
    all: Vec<Interface>,
    /// Per file: its interfaces in the numbering.
    of_file: Vec<Vec<u32>>,
    /// Interfaces of files that have ended, the first last.
    free: HashMap<Interface, Vec<u32>>,
}

impl Interfaces {
    /// For so many files.
    pub(crate) fn new(files: usize) -> Self {
        Self { all: Vec::new(), of_file: vec![Vec::new(); files], free: HashMap::new() }
    }

    /// The number of interface `local` of a file, which so far has described `described`.
    #[inline]
    pub(crate) fn number(&mut self, file: usize, local: u32, described: &[Interface]) -> u32 {
        match self.of_file.get(file) {
            Some(numbers) if numbers.len() == described.len() => {
                numbers.get(local as usize).or(numbers.last()).copied().unwrap_or(local)
            }
            _ => self.number_new(file, local, described),
        }
    }

    /// The same where interfaces may have been described since.
    #[cold]
    fn number_new(&mut self, file: usize, local: u32, described: &[Interface]) -> u32 {
        let Some(numbers) = self.of_file.get_mut(file) else { return local };
        for interface in described.iter().skip(numbers.len()) {
            let free = self.free.get_mut(interface).and_then(Vec::pop);
            let number = free.unwrap_or_else(|| {
                self.all.push(interface.clone());
                self.all.len() as u32 - 1
            });
            numbers.push(number);
        }
        numbers.get(local as usize).or(numbers.last()).copied().unwrap_or(local)
    }

    /// A file has ended.
    pub(crate) fn release(&mut self, file: usize) {
        let numbers = self.of_file.get_mut(file).map(std::mem::take).unwrap_or_default();
        for number in numbers.into_iter().rev() {
            if let Some(interface) = self.all.get(number as usize) {
                self.free.entry(interface.clone()).or_default().push(number);
            }
        }
    }

    /// All interfaces so far, by number.
    pub(crate) fn all(&self) -> &[Interface] {
        &self.all
    }
}
