"""What happens when a button or menu entry is pressed? One module for each thing a button is about."""
