//! Pasts of products, made from a seed.

use std::f64::consts::TAU;

use storekeeper::restock::forecast::DemandDay;

/// Two years.
pub const DAYS: usize = 730;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Poisson,
    /// Seldom, and then several at once.
    Lumpy,
    /// ±80 % over a year.
    Seasonal,
    /// There for a few months.
    New,
    /// Less and less from some day on.
    Dying,
    /// Empty shelves half of the time.
    SoldOutHalf,
    Rare,
    Fast,
    Weekly,
    Weekends,
    Bursts,
    Trend,
    Stopped,
    HalfYear,
    Christmas,
    SummerOnly,
    Wandering,
    Jumping,
    Wholesale,
    GammaPoisson,
    LumpySeasonal,
}

/// Those that the forecast was not made for.
pub const OTHERS: [Kind; 15] = {
    use Kind::*;
    [
        Rare,
        Fast,
        Weekly,
        Weekends,
        Bursts,
        Trend,
        Stopped,
        HalfYear,
        Christmas,
        SummerOnly,
        Wandering,
        Jumping,
        Wholesale,
        GammaPoisson,
        LumpySeasonal,
    ]
};

pub struct Past {
    /// Each day's demand, whether it could be met or not.
    pub wanted: Vec<i64>,
    /// What the shop saw of it.
    pub seen: Vec<DemandDay>,
    /// From when on it was there.
    pub first_day: usize,
}

/// A product's two years.
pub fn past(kind: Kind, seed: u64, number: u64) -> Past {
    let mut dice = Dice(seed.wrapping_mul(1_000_003) ^ (number * 7919) ^ ((kind as u64) << 40));
    let first_day = if kind == Kind::New { 580 + (dice.share() * 100.0) as usize } else { 0 };
    let wanted = wanted(kind, first_day, &mut dice);
    let seen = match kind {
        Kind::SoldOutHalf => seen_through_gaps(&wanted, &mut dice),
        _ => wanted
            .iter()
            .map(|&units| DemandDay { units, available_at_start: 1 << 40, available_at_end: 1 << 40 })
            .collect(),
    };
    Past { wanted, seen, first_day }
}

fn wanted(kind: Kind, first_day: usize, dice: &mut Dice) -> Vec<i64> {
    const WEEK: [f64; 7] = [0.2, 0.5, 0.5, 0.8, 1.2, 2.8, 1.0];
    let rate = match kind {
        Kind::Rare => dice.between(0.02, 0.1),
        Kind::Fast => dice.between(10.0, 50.0),
        Kind::Lumpy | Kind::LumpySeasonal => dice.between(0.05, 0.5),
        Kind::Wholesale => dice.between(0.2, 3.0),
        _ => dice.between(0.1, 10.0),
    };
    let lot = dice.between(3.0, 12.0);
    let (begin, change, times) = (dice.share(), 300.0 + 250.0 * dice.share(), dice.between(0.1, 10.0));
    let half_life = dice.between(20.0, 120.0);
    let (mut level, mut wandered, mut burst) = (rate, 0.0_f64, 0);
    let season = |day: f64, year: f64| 1.0 + 0.8 * (TAU * (day / year + begin)).sin();
    (0..DAYS)
        .map(|number| {
            let day = number as f64;
            let of_year = (day / 365.0 + begin).fract();
            let expected = match kind {
                Kind::Seasonal | Kind::LumpySeasonal => rate * season(day, 365.0),
                Kind::HalfYear => rate * season(day, 182.0),
                Kind::New if number < first_day => 0.0,
                Kind::Dying => rate * 0.5_f64.powf((day - change).max(0.0) / half_life),
                Kind::Stopped if day >= change => 0.0,
                Kind::Weekly => rate * WEEK[number % 7],
                Kind::Weekends => rate * [0.0, 0.0, 0.0, 0.0, 0.0, 5.0, 2.0][number % 7],
                Kind::Trend => rate * times.powf(day / DAYS as f64),
                Kind::Christmas => rate * (1.0 + 3.0 * (-((of_year - 0.5) * 18.0).powi(2) / 2.0).exp()),
                Kind::SummerOnly => rate * if of_year < 0.5 { 1.8 } else { 0.2 },
                Kind::Bursts => {
                    burst = if burst == 0 && dice.share() < 1.0 / 60.0 { 5 } else { (burst - 1_i32).max(0) };
                    rate * if burst > 0 { 5.0 } else { 1.0 }
                }
                Kind::Wandering => {
                    wandered = 0.98 * wandered + 0.1 * dice.normal();
                    rate * wandered.exp()
                }
                Kind::Jumping => {
                    if dice.share() < 1.0 / 150.0 {
                        level = dice.between(0.1, 10.0);
                    }
                    level
                }
                Kind::GammaPoisson => rate * -(1.0 - dice.share()).ln(),
                _ => rate,
            };
            let orders = dice.poisson(expected);
            match kind {
                Kind::Lumpy | Kind::LumpySeasonal => (0..orders).map(|_| dice.geometric(lot)).sum(),
                Kind::Wholesale if dice.share() < 0.02 => orders + 10 + (30.0 * dice.share()) as i64,
                _ => orders,
            }
        })
        .collect()
}

/// A delivery for two weeks or so, then two weeks or so of nothing.
fn seen_through_gaps(wanted: &[i64], dice: &mut Dice) -> Vec<DemandDay> {
    let fortnight = wanted.iter().sum::<i64>() as f64 / DAYS as f64 * 14.0;
    let (mut available, mut waiting) = (0, 3);
    wanted
        .iter()
        .map(|&wanted| {
            if available == 0 {
                waiting -= 1;
                if waiting < 0 {
                    available = ((fortnight * (0.5 + dice.share())) as i64).max(1);
                    waiting = 5 + (18.0 * dice.share()) as i32;
                }
            }
            let units = wanted.min(available);
            let available_at_start = available;
            available -= units;
            DemandDay { units, available_at_start, available_at_end: available }
        })
        .collect()
}

/// Random numbers from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    /// From 0 up to but without 1.
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Small and large ones alike: the logarithm is even.
    fn between(&mut self, least: f64, most: f64) -> f64 {
        least * (most / least).powf(self.share())
    }

    fn poisson(&mut self, mut mean: f64) -> i64 {
        let mut sum = 0;
        while mean > 0.0 {
            let part = mean.min(30.0);
            let (least, mut product) = ((-part).exp(), self.share());
            while product > least {
                sum += 1;
                product *= self.share();
            }
            mean -= part;
        }
        sum
    }

    /// From 1 on.
    fn geometric(&mut self, mean: f64) -> i64 {
        1 + ((1.0 - self.share()).ln() / (1.0 - 1.0 / mean).ln()) as i64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.share()).ln()).sqrt() * (TAU * self.share()).cos()
    }
}
