def require(plan):
    pass
