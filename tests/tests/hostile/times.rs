//! Capture times that make no sense: any 64 bits, the ends of the range, backwards, all the same.

use airtone_engine::{Config, Engine};
use airtone_tests::wire::Random;

use super::corpus;

#[test]
fn no_times_do_harm() {
    let captures = [corpus::call(), corpus::odds_and_ends(), corpus::air()];
    for seed in 0..super::scale(400, 20_000) {
        let mut random = Random::new(seed);
        let kind = seed % 8;
        let mut frames = captures[random.below(3)].clone();
        let count = frames.len() as i64;
        for (n, frame) in frames.iter_mut().enumerate() {
            let n = n as i64;
            frame.at = match kind {
                0 => random.any() as i64,
                1 => [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX][random.below(7)],
                2 => (count - n) * 20_000_000,
                3 => i64::MIN,
                4 => i64::MAX - count + n,
                5 => i64::MIN + n * 20_000_000,
                6 if n % 2 == 0 => i64::MAX - n,
                6 => i64::MIN + n,
                _ => frame.at.wrapping_add((random.any() >> random.below(40)) as i64),
            };
        }
        let mut engine = Engine::new(Config::default());
        corpus::feed(&mut engine, &frames);
        corpus::sound_report(&engine, &|| format!("kind {kind}, seed {seed}"));
    }
}
