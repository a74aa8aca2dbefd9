"""What is shown of a trial's endpoints: responses, cell kinetics, cytokines and B cells."""
