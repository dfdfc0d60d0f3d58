//! Quantiles of Poisson's and the negative binomial distribution, and the gamma function.

/// The most steps from 0 to a quantile; beyond, several units are one step, which is far finer than what is known.
const STEPS_MAX: f64 = 20_000.0;
/// e to the power of minus this is still a number.
const EXPONENT_MAX: f64 = 700.0;
/// More than any shelf holds.
const UNITS_MAX: f64 = 1e15;

/// The smallest number of units that is not exceeded with this probability (0.5 to 0.999; others count as the nearest of
/// those), by the negative binomial distribution of this mean and variance, or Poisson's where the variance is not larger.
/// 0 for a mean of 0 and for what is no number.
pub fn quantile(probability: f64, mean: f64, variance: f64) -> i64 {
    // A comparison with what is no number is false.
    let is_positive = mean > 0.0 && variance < f64::INFINITY;
    if !is_positive || probability.is_nan() {
        return 0;
    }
    let probability = probability.clamp(0.5, 0.999);
    let (mean, variance) = (mean.min(UNITS_MAX), variance.max(mean).min(UNITS_MAX * UNITS_MAX));
    // The probability of k is that of k - 1 times (size + k - 1) / k × ratio; Poisson's is the limit of a large size.
    let excess = variance - mean;
    let is_poisson = excess <= 1e-9 * mean;
    let size = mean * mean / excess;
    let to_zero = if is_poisson { mean } else { size * (variance / mean).ln() };
    if to_zero > EXPONENT_MAX {
        return nearly_normal(probability, mean, variance);
    }
    // Only a size that is small against the mean gets here with a large one, and of that the coarser distribution is one
    // of the same shape.
    let unit = ((mean + 10.0 * variance.sqrt()) / STEPS_MAX).max(1.0);
    let mean = mean / unit;
    let ratio = mean / (mean + size);
    let (mut steps, mut single) = (0.0, (-to_zero).exp());
    if unit > 1.0 {
        single = (-size * (1.0 + mean / size).ln()).exp();
    }
    let mut so_far = single;
    while so_far < probability && steps < 2.0 * STEPS_MAX {
        steps += 1.0;
        single *= if is_poisson { mean / steps } else { ratio * (size + steps - 1.0) / steps };
        so_far += single;
    }
    whole(steps * unit)
}

/// Cornish and Fisher's expansion to the skewness, (2 × variance − mean) / (mean × deviation), for a distribution whose
/// skewness is small: the sum of hundreds of orders.
fn nearly_normal(probability: f64, mean: f64, variance: f64) -> i64 {
    let (z, deviation) = (normal_quantile(probability), variance.sqrt());
    let skewness = (2.0 * variance - mean) / (mean * deviation);
    whole(mean + deviation * (z + (z * z - 1.0) * skewness / 6.0) - 0.5)
}

/// Of a probability from 0.5 to 0.999, to 0.00045 (Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.2.23).
fn normal_quantile(probability: f64) -> f64 {
    let t = (-2.0 * (1.0 - probability).ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    (t - above / below).max(0.0)
}

/// ln Γ(x + more) − ln Γ(x), for x > 0 and more ≥ 0.
pub fn ln_rising(x: f64, more: f64) -> f64 {
    if more == 0.0 { 0.0 } else { ln_gamma(x + more) - ln_gamma(x) }
}

/// The logarithm of the gamma function of x > 0, to some 10 digits: Stirling's series (Abramowitz and Stegun 6.1.41) from 7
/// on, and Γ(x) = Γ(x + 1) / x below.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < 7.0 {
        product *= x;
        x += 1.0;
    }
    let (part, square) = (1.0 / x, 1.0 / (x * x));
    let series = part * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)));
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - product.ln()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "it saturates, and UNITS_MAX squared has no such quantile"
)]
fn whole(units: f64) -> i64 {
    units.ceil().max(0.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (probability, mean, variance, expected) in [
            // Poisson: 1 - e^-0.05 is 0.049.
            (0.95, 0.05, 0.05, 0),
            (0.95, 0.06, 0.06, 1),
            (0.95, 1.0, 1.0, 3),
            (0.95, 10.0, 10.0, 15),
            (0.99, 10.0, 10.0, 18),
            (0.95, 100.0, 100.0, 117),
            (0.5, 10.0, 5.0, 10),
            // Geometric with mean 1: at most k with probability 1 - 2^-(k + 1).
            (0.95, 1.0, 2.0, 4),
            (0.96875, 1.0, 2.0, 4),
            (0.97, 1.0, 2.0, 5),
            // Geometric with mean 9: 1 - 0.9^(k + 1) reaches 0.95 at 28.
            (0.95, 9.0, 90.0, 28),
        ] {
            assert_eq!(
                quantile(probability, mean, variance),
                expected,
                "{probability} of {mean}, {variance}"
            );
        }
        // 10,000 ± 100, and a size of 1 in coarse units: -ln 0.05 means.
        assert!((10_160..=10_170).contains(&quantile(0.95, 10_000.0, 10_000.0)));
        let exponential = quantile(0.95, 1e6, 1e12);
        assert!((2_990_000..=3_002_000).contains(&exponential), "{exponential}");
    }

    #[test]
    fn the_gamma_function_is_that_of_the_tables() {
        for (x, expected) in
            [(1.0, 0.0), (2.0, 0.0), (0.5, 0.572_364_943), (5.0, 3.178_053_830), (100.0, 359.134_205_370)]
        {
            assert!((ln_gamma(x) - expected).abs() < 1e-8, "{x}: {}", ln_gamma(x));
        }
    }

    proptest! {
        #[test]
        fn any_figures_have_a_quantile(probability in any::<f64>(), mean in any::<f64>(), variance in any::<f64>()) {
            prop_assert!(quantile(probability, mean, variance) >= 0);
        }

        #[test]
        fn more_certainty_never_asks_for_less(mean in 0.01..5000.0_f64, times in 1.0..50.0_f64) {
            let at = |probability| quantile(probability, mean, mean * times);
            prop_assert!(at(0.5) <= at(0.9) && at(0.9) <= at(0.95) && at(0.95) <= at(0.999));
        }
    }
}
