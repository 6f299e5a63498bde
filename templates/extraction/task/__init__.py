"""Your task: ICD-10-CM codes for a written encounter."""
