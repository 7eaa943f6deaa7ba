"""Completes products by what their photos show: the colour family, where the shop gives no colour."""
