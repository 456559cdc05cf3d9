"""Scaling rules: an observation goes in, the number of replicas wanted comes out; both engines ask the same ones."""

from workersim.policies.making import PolicyFactory, make_policy
from workersim.policies.observation import Observation, Policy

__all__ = ["Observation", "Policy", "PolicyFactory", "make_policy"]
