"""Pictures of endpoints: responses, cell kinetics, cytokines and B cells."""
