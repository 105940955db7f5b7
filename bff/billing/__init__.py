"""Memberships as their holders change them and as time does: each decision under the account's lock, each charge
written down before the gateway is asked and concluded after."""
