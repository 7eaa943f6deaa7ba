"""Load on the API: drawn products by the thousand, locust users that ask as shoppers do, and a report."""
