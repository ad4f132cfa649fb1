"""What can be given, turned into dosing protocol rows."""
