"""Who may enter: somebody is screened, judged by the plan's criteria, and waived or refused."""
