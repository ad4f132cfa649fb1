"""Figures of the report, one file each: functions of the plan's records to row charts and plots."""
