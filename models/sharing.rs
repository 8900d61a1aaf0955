//! Work shared out among threads: a GPU counts a batch of pictures sooner than one core gets them ready.

use std::{
    sync::{Mutex, PoisonError},
    thread,
};

/// Does `work` for each of `items`, with as many threads as there are `tools`, each with its own.
///
/// With a single tool no thread is started. One that cannot be started leaves its part to the others.
pub(crate) fn share_out<T, I>(
    tools: &mut [T],
    items: impl Iterator<Item = I> + Send,
    work: impl Fn(&mut T, I) + Sync,
) where
    T: Send,
{
    let Some((own, others)) = tools.split_first_mut() else { return };
    if others.is_empty() {
        items.for_each(|item| work(own, item));
        return;
    }
    let items = Mutex::new(items);
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let do_all = |tool: &mut T| {
        while let Some(item) = next() {
            work(tool, item);
        }
    };
    thread::scope(|scope| {
        for tool in others {
            let builder = thread::Builder::new().name("preparing".to_owned());
            if builder.spawn_scoped(scope, || do_all(tool)).is_err() {
                break;
            }
        }
        do_all(own);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_worked_on_once_however_many_share_it() {
        for threads in [1, 2, 5] {
            let (mut tools, mut items) = (vec![0; threads], [0; 100]);
            share_out(&mut tools, items.iter_mut(), |done, item| {
                *item += 1;
                *done += 1;
            });
            assert!(items.iter().all(|item| *item == 1));
            assert_eq!(tools.iter().sum::<i32>(), 100);
        }
        share_out(&mut [] as &mut [()], [1].iter(), |(), _| unreachable!("there is nobody to work"));
    }
}
