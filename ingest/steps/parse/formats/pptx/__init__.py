"""PowerPoint presentations (.pptx and its siblings): slides in order, with what is drawn, noted and commented on them."""
