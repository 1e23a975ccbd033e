"""The insights page: validated sentences with their sources, the facts behind them, and the charts they cite."""
