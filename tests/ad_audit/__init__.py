"""Tests of ad_audit."""
