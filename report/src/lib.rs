//! Airtone's report as text, JSON, JSON Lines and CSV: one module per format over the same model.
