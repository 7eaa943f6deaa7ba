"""The shop's own terms: products, offers, filters, rules, promotions. Plain data and pure functions."""
