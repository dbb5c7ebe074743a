"""The pages: what people look at and click on, rendered here, alive without a script and livelier with one."""
