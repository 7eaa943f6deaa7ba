"""Terms of the shop: products, offers, filters, rules, promotions. Plain data and pure functions."""
