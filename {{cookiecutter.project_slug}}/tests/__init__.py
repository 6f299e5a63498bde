"""Tests of this project: engine/ comes with the template, task/ is yours."""
