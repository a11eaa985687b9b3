"""The LSTM of a voice-activity network, pruned with retraining; see traces/README.md."""
