"""Methods: what is drawn, what is penalised, what is compared."""
